import { stacks } from '../lib/aws/function-ports.ts';
import { deleteStack } from '../lib/workflows/app-launch/delete-stack.ts';
import { task } from './middleware/task.ts';

export const handler = task(deleteStack, { stacks });
