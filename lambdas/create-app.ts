import { createApp } from '../lib/workflows/app-migration/create-app.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(createApp);
