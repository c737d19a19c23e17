import { endpoint, objects, tokenSecret } from '../lib/aws/function-ports.ts';
import { renderTemplate } from '../lib/workflows/app-launch/render-template.ts';
import { task } from './middleware/task.ts';

export const handler = task(renderTemplate, { endpoint, objects, tokenSecret });
