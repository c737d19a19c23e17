import { workflows } from '../lib/aws/function-ports.ts';
import { cancelRuns } from '../lib/workflows/replication-job-end/cancel-runs.ts';
import { task } from './middleware/task.ts';

export const handler = task(cancelRuns, { workflows });
