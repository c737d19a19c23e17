import { failJobEnd } from '../lib/workflows/replication-job-end/fail-job-end.ts';
import { task } from './middleware/task.ts';

export const handler = task(failJobEnd);
