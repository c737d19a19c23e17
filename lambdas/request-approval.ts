import { requestApproval } from '../lib/workflows/app-migration/request-approval.ts';
import { migrationTask } from './middleware/task.ts';

export const handler = migrationTask(requestApproval);
