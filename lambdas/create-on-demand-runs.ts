import { createOnDemandRuns } from '../lib/workflows/app-replication/create-on-demand-runs.ts';
import { task } from './middleware/task.ts';

export const handler = task(createOnDemandRuns);
