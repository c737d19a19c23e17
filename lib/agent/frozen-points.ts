import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Point, PointRef, Source } from '../connector/source.ts';
import type { Work } from '../messages.ts';
import { writeFileDurably } from '../replication/durable-file.ts';
import { JobState } from '../replication/job-state.ts';

/** A point that was frozen with others before its copy began. */
interface FrozenPoint {
  readonly ref: string;
  readonly at: number;
}

type Of = Pick<Work, 'jobId' | 'runId'>;

const pathOf = (stateFolder: string, { jobId, runId }: Of) =>
  join(new JobState(stateFolder, jobId).folder, `frozen-${runId}.json`);

/** Lets go of the point until its copy begins, in this process or a later one. */
export async function keepPoint(point: Point, of: Of, stateFolder: string): Promise<void> {
  await writeFileDurably(pathOf(stateFolder, of), JSON.stringify({ ref: point.ref, at: point.at }));
  await point.close();
}

export async function keptPoint(of: Of, stateFolder: string): Promise<FrozenPoint | undefined> {
  try {
    return JSON.parse(await readFile(pathOf(stateFolder, of), 'utf8')) as FrozenPoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The kept points of a job. */
export async function keptPointsOf(jobId: string, stateFolder: string): Promise<PointRef[]> {
  const names = await readdir(new JobState(stateFolder, jobId).folder);
  const runIds = names.flatMap((name) => /^frozen-(.+)\.json$/.exec(name)?.[1] ?? []);
  const kept = await Promise.all(runIds.map((runId) => keptPoint({ jobId, runId }, stateFolder)));
  return kept.flatMap((point) => point?.ref ?? []);
}

/** Forgets the point: its copy has begun with it, or never will. */
export const forgetPoint = (of: Of, stateFolder: string) => rm(pathOf(stateFolder, of), { force: true });

/** Gives the point up, if it is kept. */
export async function releasePoint(of: Of, { source, stateFolder }: { source: Source; stateFolder: string }) {
  const kept = await keptPoint(of, stateFolder);
  if (!kept) return;
  await (await source.reopen(kept.ref))?.release();
  await forgetPoint(of, stateFolder);
}

/** A source for one transfer, which closes what that left open. */
export interface TransferSource extends Source {
  close(): Promise<void>;
}

interface KeptOptions {
  readonly work: Work;
  readonly stateFolder: string;
  onFrozen(at: number): Promise<void>;
}

/** The source for one transfer: the point that was frozen with others is the one that its copy gets. `onFrozen` hears of each instant. */
export function withKeptPoint(source: Source, { work, stateFolder, onFrozen }: KeptOptions): TransferSource {
  const open = new Set<Point>();
  const reopen = async (ref: string) => {
    const point = await source.reopen(ref);
    return point && watched(point, open);
  };
  return {
    manager: source.manager,
    capabilities: source.capabilities,
    inventory: () => source.inventory(),
    check: (server) => source.check(server),
    reopen,
    async freeze(servers, options) {
      const kept = await keptPoint(work, stateFolder);
      const point = kept && (await reopen(kept.ref));
      const points = point ? [point] : (await source.freeze(servers, options)).map((frozen) => watched(frozen, open));
      if (points[0]) await onFrozen(kept && point ? kept.at : points[0].at);
      return points;
    },
    async close() {
      for (const point of [...open]) {
        open.delete(point);
        await point.close();
      }
    },
  };
}

/** The point, which is among the open ones until it is closed or released. */
function watched(point: Point, open: Set<Point>): Point {
  open.add(point);
  const once = (end: () => Promise<void>) => async () => {
    if (open.delete(point)) await end();
  };
  return {
    ref: point.ref,
    server: point.server,
    at: point.at,
    ...(point.bootMode === undefined ? {} : { bootMode: point.bootMode }),
    ...(point.quiesced === undefined ? {} : { quiesced: point.quiesced }),
    disks: () => point.disks(),
    verify: () => point.verify(),
    close: once(() => point.close()),
    release: once(() => point.release()),
  };
}
