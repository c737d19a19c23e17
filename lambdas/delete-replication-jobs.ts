import { deleteReplicationJobs } from '../lib/workflows/app-replication/delete-replication-jobs.ts';
import { task } from './middleware/task.ts';

export const handler = task(deleteReplicationJobs);
