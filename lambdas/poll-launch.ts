import { pollLaunch } from '../lib/workflows/app-migration/poll-launch.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(pollLaunch);
