import { images, workflows } from '../lib/aws/function-ports.ts';
import { queueTransfer } from '../lib/workflows/replication-run/queue-transfer.ts';
import { task } from './middleware/task.ts';

export const handler = task(queueTransfer, { images, workflows });
