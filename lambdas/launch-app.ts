import { launchApp } from '../lib/workflows/app-migration/launch-app.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(launchApp);
