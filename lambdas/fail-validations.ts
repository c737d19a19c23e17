import { failValidations } from '../lib/workflows/app-launch/fail-validations.ts';
import { task } from './middleware/task.ts';

export const handler = task(failValidations);
