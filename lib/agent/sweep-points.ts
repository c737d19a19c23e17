import { readdir } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import type { PointRef, Source } from '../connector/source.ts';
import { JobState } from '../replication/job-state.ts';
import { keptPointsOf } from './frozen-points.ts';

/** Milliseconds between two sweeps. */
const INTERVAL = 3_600_000;

export interface SweepOptions {
  /** Folder of baselines, journals and frozen points: those of its attempts are kept, and those that wait for their copy. */
  readonly stateFolder: string;
  readonly clock: Clock;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/**
 * Gives up the points at the source that no attempt will go on with: those of a process that died between freezing and noting it, and those that could not
 * be released. Now, and every hour until the function that it answers is called, which resolves when nothing is going on.
 */
export function sweepPoints(source: Source, options: SweepOptions): () => Promise<void> {
  if (!source.sweep) return async () => {};
  const { clock, log } = options;
  let cancel = () => {};
  let isOver = false;
  const sweep = async () => {
    try {
      const points = await source.sweep!(await pointsIn(options.stateFolder));
      if (points > 0)
        log({ level: 'warn', message: 'points that nobody needs were given up', source: source.manager.name, points });
    } catch (error) {
      log({ level: 'error', message: 'the sweep of points failed', source: source.manager.name, error: String(error) });
    }
    if (!isOver) cancel = clock.setTimer(clock.now() + INTERVAL, begin);
  };
  const begin = () => {
    sweeping = sweep();
  };
  let sweeping = Promise.resolve();
  begin();
  return async () => {
    isOver = true;
    cancel();
    await sweeping;
  };
}

/** The points of all attempts in the folder, and those that wait for theirs. */
export async function pointsIn(stateFolder: string): Promise<PointRef[]> {
  const entries = (await readdir(stateFolder, { withFileTypes: true }).catch(ignoreAbsence)) ?? [];
  const jobs = entries.filter((entry) => entry.isDirectory());
  const points = jobs.map(async ({ name }) => {
    const attempts = await new JobState(stateFolder, name).attempts();
    return [...attempts.map(({ point }) => point), ...(await keptPointsOf(name, stateFolder))];
  });
  return (await Promise.all(points)).flat();
}

function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
