import { measureService } from '../lib/workflows/measure-service.ts';
import { measured } from './middleware/measured.ts';

export const handler = measured(measureService);
