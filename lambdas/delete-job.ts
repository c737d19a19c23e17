import { connectors } from '../lib/aws/function-ports.ts';
import { deleteJob } from '../lib/workflows/replication-job-end/delete-job.ts';
import { task } from './middleware/task.ts';

export const handler = task(deleteJob, { connectors });
