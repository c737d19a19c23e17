import { setTimeout as sleep } from 'node:timers/promises';
import type { Bell } from '../api/connectors/services.ts';

/** Seconds that a connector's question may wait in a function: it is paid for while it waits. */
const MAX_WAIT = 5;
/** Milliseconds between two looks. */
const LOOK = 1_000;

/** A bell where what rings it happens in other processes: whoever waits looks again and again. */
export const POLLING_BELL: Bell = {
  maxWaitSeconds: MAX_WAIT,
  ring() {},
  wait: (milliseconds, signal) =>
    sleep(Math.min(milliseconds, LOOK), undefined, signal ? { signal } : {}).catch((error) => {
      if (!signal?.aborted) throw error;
    }),
};
