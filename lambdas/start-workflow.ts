import { startWorkflow } from '../lib/workflows/rules.ts';
import { task } from './middleware/task.ts';

export const handler = task(startWorkflow);
