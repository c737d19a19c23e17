import { queueValidations } from '../lib/workflows/app-launch/queue-validations.ts';
import { task } from './middleware/task.ts';

export const handler = task(queueValidations);
