import { checkConnectors } from '../lib/api/connectors/health.ts';
import { measureService } from '../lib/workflows/measure-service.ts';
import { measured } from './middleware/measured.ts';

export const handler = measured(async (event, services) => {
  await checkConnectors(services);
  return measureService(event, services);
});
