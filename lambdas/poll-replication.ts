import { pollReplication } from '../lib/workflows/app-migration/poll-replication.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(pollReplication);
