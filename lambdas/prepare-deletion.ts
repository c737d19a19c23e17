import { prepareDeletion } from '../lib/workflows/app-deletion/prepare-deletion.ts';
import { task } from './middleware/task.ts';

export const handler = task(prepareDeletion);
