import { completeRun } from '../lib/workflows/replication-run/complete-run.ts';
import { task } from './middleware/task.ts';

export const handler = task(completeRun);
