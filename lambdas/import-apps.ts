import { connectors } from '../lib/aws/function-ports.ts';
import { importApps } from '../lib/workflows/app-catalog-import/import-apps.ts';
import { task } from './middleware/task.ts';

export const handler = task(importApps, { connectors });
