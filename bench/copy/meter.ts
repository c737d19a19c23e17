import { readFileSync } from 'node:fs';

/** What a piece of work took, in milliseconds: by the clock, and of the processors, which tells more on a machine that others use, too. */
export interface Sample {
  readonly ms: number;
  readonly cpu: number;
}

export type Meter = (work: () => Promise<unknown>) => Promise<Sample>;

/** Milliseconds of a clock tick in /proc. */
const TICK = 10;

/** Fields of /proc/PID/stat from the 14th on: user, system, and the same of children that have ended. Source: proc(5). */
const ticks = (pid: number | 'self') =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 15)
    .map(Number) as [number, number, number, number];

/** Counts what this process, its children and the service use of the processors. */
export function meterOf(service: number): Meter {
  const used = () => {
    const [user, system] = ticks(service);
    return TICK * ticks('self').reduce((sum, one) => sum + one, user + system);
  };
  return async (work) => {
    const [before, start] = [used(), performance.now()];
    await work();
    return { ms: performance.now() - start, cpu: used() - before };
  };
}
