import { commands } from '../lib/aws/function-ports.ts';
import { pollValidations } from '../lib/workflows/app-launch/poll-validations.ts';
import { task } from './middleware/task.ts';

export const handler = task(pollValidations, { commands });
