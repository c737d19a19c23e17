import { failReplication } from '../lib/workflows/app-replication/fail-replication.ts';
import { task } from './middleware/task.ts';

export const handler = task(failReplication);
