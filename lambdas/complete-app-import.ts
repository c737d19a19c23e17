import { completeAppImport } from '../lib/workflows/app-catalog-import/complete-app-import.ts';
import { task } from './middleware/task.ts';

export const handler = task(completeAppImport);
