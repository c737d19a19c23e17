import { replay } from './middleware/replay.ts';

export const handler = replay();
