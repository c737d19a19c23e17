import { putValidationConfiguration } from '../lib/workflows/app-migration/put-validation-configuration.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(putValidationConfiguration);
