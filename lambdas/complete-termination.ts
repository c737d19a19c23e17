import { completeTermination } from '../lib/workflows/app-launch/complete-termination.ts';
import { task } from './middleware/task.ts';

export const handler = task(completeTermination);
