import { commands } from '../lib/aws/function-ports.ts';
import { startValidations } from '../lib/workflows/app-launch/start-validations.ts';
import { task } from './middleware/task.ts';

export const handler = task(startValidations, { commands });
