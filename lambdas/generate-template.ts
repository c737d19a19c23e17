import { generateTemplate } from '../lib/workflows/app-migration/generate-template.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(generateTemplate);
