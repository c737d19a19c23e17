import { recordFailure } from '../lib/workflows/app-migration/record-failure.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(recordFailure);
