import { startReplication } from '../lib/workflows/app-migration/start-replication.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(startReplication);
