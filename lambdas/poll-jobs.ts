import { pollJobs } from '../lib/workflows/app-replication/poll-jobs.ts';
import { task } from './middleware/task.ts';

export const handler = task(pollJobs);
