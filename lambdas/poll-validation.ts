import { pollValidation } from '../lib/workflows/app-migration/poll-validation.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(pollValidation);
