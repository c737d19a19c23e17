import { stacks } from '../lib/aws/function-ports.ts';
import { pollStack } from '../lib/workflows/app-launch/poll-stack.ts';
import { task } from './middleware/task.ts';

export const handler = task(pollStack, { stacks });
