import { validateReplication } from '../lib/workflows/app-replication/validate-replication.ts';
import { task } from './middleware/task.ts';

export const handler = task(validateReplication);
