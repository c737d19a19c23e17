import { snapshots } from '../lib/aws/function-ports.ts';
import { failRun } from '../lib/workflows/replication-run/fail-run.ts';
import { task } from './middleware/task.ts';

export const handler = task(failRun, { snapshots });
