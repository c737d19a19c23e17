import { failAppImport } from '../lib/workflows/app-catalog-import/fail-app-import.ts';
import { task } from './middleware/task.ts';

export const handler = task(failAppImport);
