import { stream } from './middleware/stream.ts';

export const handler = stream();
