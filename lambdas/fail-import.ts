import { failImport } from '../lib/workflows/catalog-import/fail-import.ts';
import { task } from './middleware/task.ts';

export const handler = task(failImport);
