import { stopReplication } from '../lib/workflows/app-migration/stop-replication.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(stopReplication);
