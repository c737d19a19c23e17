import { workflows } from '../lib/aws/function-ports.ts';
import { eachQueued } from '../lib/aws/queued-events.ts';
import { startWorkflow } from '../lib/workflows/rules.ts';
import { task } from './middleware/task.ts';

export const handler = task(eachQueued(startWorkflow), { workflows });
