import { beginRun } from '../lib/workflows/replication-run/begin-run.ts';
import { task } from './middleware/task.ts';

export const handler = task(beginRun);
