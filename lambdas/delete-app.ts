import { objects } from '../lib/aws/function-ports.ts';
import { deleteApp } from '../lib/workflows/app-deletion/delete-app.ts';
import { task } from './middleware/task.ts';

export const handler = task(deleteApp, { objects });
