import type { Clock } from '../clock.ts';

/** The time of the machine; it waits between two attempts at a block. */
export const WALL_CLOCK: Clock = {
  now: () => Date.now(),
  setTimer(at, run) {
    const timeout = setTimeout(run, Math.max(0, at - Date.now()));
    return () => clearTimeout(timeout);
  },
};
