import { connectors } from '../lib/aws/function-ports.ts';
import { collectServers } from '../lib/workflows/catalog-import/collect-servers.ts';
import { task } from './middleware/task.ts';

export const handler = task(collectServers, { connectors });
