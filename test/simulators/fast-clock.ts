import type { Clock } from '../../lib/clock.ts';
import { systemClock } from '../../lib/local/system-clock.ts';

/** A clock that begins with the machine's and runs so many times as fast, for peers that poll in real time. Signatures allow it to be 5 minutes ahead. */
export function fastClock(factor: number): Clock {
  const start = systemClock.now();
  const now = () => start + (systemClock.now() - start) * factor;
  return { now, setTimer: (at, run) => systemClock.setTimer(start + (at - start) / factor, run) };
}
