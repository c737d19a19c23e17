import { images, snapshots } from '../lib/aws/function-ports.ts';
import { registerImage } from '../lib/workflows/replication-run/register-image.ts';
import { task } from './middleware/task.ts';

export const handler = task(registerImage, { images, snapshots });
