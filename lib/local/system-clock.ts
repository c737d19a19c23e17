import { machineClock } from '../machine-clock.ts';

/** The machine's own clock. Timers do not keep the process alive. */
export const systemClock = machineClock({ keepsAlive: false });
