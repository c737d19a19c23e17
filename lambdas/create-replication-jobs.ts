import { createReplicationJobs } from '../lib/workflows/app-replication/create-replication-jobs.ts';
import { task } from './middleware/task.ts';

export const handler = task(createReplicationJobs);
