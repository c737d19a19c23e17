import { completeImport } from '../lib/workflows/catalog-import/complete-import.ts';
import { task } from './middleware/task.ts';

export const handler = task(completeImport);
