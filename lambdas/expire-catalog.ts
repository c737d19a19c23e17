import { expireCatalog } from '../lib/workflows/catalog-import/expire-catalog.ts';
import { task } from './middleware/task.ts';

export const handler = task(expireCatalog);
