import { endJob } from '../lib/workflows/replication-job-end/end-job.ts';
import { task } from './middleware/task.ts';

export const handler = task(endJob);
