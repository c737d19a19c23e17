import type { Clock } from './clock.ts';

/** `setTimeout` fires at once for delays beyond 2^31 - 1 ms, so longer waits are taken in steps. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The machine's own clock. `keepsAlive`: whether the process goes on while a timer is all that it waits for. */
export const machineClock = ({ keepsAlive }: { keepsAlive: boolean }): Clock => ({
  now: () => Date.now(),
  setTimer(at, run) {
    let timeout: NodeJS.Timeout;
    const arm = () => {
      const delay = at - Date.now();
      timeout = setTimeout(delay > LONGEST_DELAY ? arm : run, Math.min(Math.max(delay, 0), LONGEST_DELAY));
      if (!keepsAlive) timeout.unref();
    };
    arm();
    return () => clearTimeout(timeout);
  },
});
