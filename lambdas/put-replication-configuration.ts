import { putReplicationConfiguration } from '../lib/workflows/app-migration/put-replication-configuration.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(putReplicationConfiguration);
