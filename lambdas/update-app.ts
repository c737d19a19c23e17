import { updateApp } from '../lib/workflows/replication-run/update-app.ts';
import { task } from './middleware/task.ts';

export const handler = task(updateApp);
