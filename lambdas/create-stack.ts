import { objects, stacks } from '../lib/aws/function-ports.ts';
import { createStack } from '../lib/workflows/app-launch/create-stack.ts';
import { task } from './middleware/task.ts';

export const handler = task(createStack, { objects, stacks });
