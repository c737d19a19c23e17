import { images, snapshots } from '../lib/aws/function-ports.ts';
import { applyRetention } from '../lib/workflows/replication-run/apply-retention.ts';
import { task } from './middleware/task.ts';

export const handler = task(applyRetention, { images, snapshots });
