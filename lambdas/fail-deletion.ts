import { failDeletion } from '../lib/workflows/app-deletion/fail-deletion.ts';
import { task } from './middleware/task.ts';

export const handler = task(failDeletion);
