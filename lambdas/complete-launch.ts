import { completeLaunch } from '../lib/workflows/app-launch/complete-launch.ts';
import { task } from './middleware/task.ts';

export const handler = task(completeLaunch);
