import { putLaunchConfiguration } from '../lib/workflows/app-migration/put-launch-configuration.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(putLaunchConfiguration);
