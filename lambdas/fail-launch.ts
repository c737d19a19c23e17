import { stacks } from '../lib/aws/function-ports.ts';
import { failLaunch } from '../lib/workflows/app-launch/fail-launch.ts';
import { task } from './middleware/task.ts';

export const handler = task(failLaunch, { stacks });
