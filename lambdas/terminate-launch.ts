import { terminateLaunch } from '../lib/workflows/app-migration/terminate-launch.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(terminateLaunch);
