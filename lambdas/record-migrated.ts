import { recordMigrated } from '../lib/workflows/app-migration/record-migrated.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(recordMigrated);
