import type { ReplicationRun } from './entities.ts';
import type { DomainEvent } from './events.ts';
import { type Change, unchanged } from './transition.ts';

/** How far the transfer of a server's disks is, as a connector tells it. */
export interface TransferProgress {
  readonly stage: 'Validating' | 'Uploading' | 'Preparing' | 'Completed';
  /** Of `bytesTotal`, how much has been looked at, and put where it had changed; in the stage `Preparing`, how much has been verified. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Of late; absent until something moved. */
  readonly bytesPerSecond?: number;
}

/** How far a run is, as its entity has it. */
export interface RunFigures {
  /** In SMS's words. */
  readonly stage?: string;
  /** Such as `42%`. */
  readonly stageProgress?: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly bytesPerSecond?: number;
  /** When these were noted. */
  readonly progressAt?: number;
}

/** Milliseconds after which figures are noted though no whole percent is done: a disk of 10 TiB has few of those. */
const AGE = 10_000;
/** Percent between two events: enough to follow a run by, few enough for a bus that costs by the event. */
const EVENT_STEP = 10;

/**
 * The run with the progress, if that is worth a write. Each stage, and within one each tenth, is an event, too. A transfer's `Completed` is not the run's:
 * its image is still to be made.
 */
export function progressed(
  run: ReplicationRun,
  progress: TransferProgress,
  at: number,
): Change<'ReplicationRun'> | undefined {
  const { stage, bytesDone, bytesTotal, bytesPerSecond } = progress;
  if (run.state !== 'ACTIVE' || stage === 'Completed') return undefined;
  const percent = percentOf(progress);
  const stageProgress = `${percent}%`;
  const isFresh = at - (run.progressAt ?? 0) < AGE || run.bytesDone === bytesDone;
  if (isFresh && run.stage === stage && run.stageProgress === stageProgress) return undefined;
  const { bytesPerSecond: _, ...rest } = run;
  const figures = { bytesDone, bytesTotal, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) };
  const next = { ...rest, ...figures, stage, stageProgress, statusMessage: stage, progressAt: at };
  const before = run.stage === stage ? Number.parseInt(run.stageProgress ?? '0', 10) : -1;
  const isStep = Math.floor(percent / EVENT_STEP) !== Math.floor(before / EVENT_STEP);
  return isStep ? announced(next, { ...progress, percent, at }) : unchanged('ReplicationRun', next);
}

/** Whole percent, rounded down: 100 means all. */
const percentOf = ({ bytesDone, bytesTotal, stage }: TransferProgress) =>
  bytesTotal > 0 ? Math.floor((bytesDone / bytesTotal) * 100) : stage === 'Validating' ? 0 : 100;

function announced(
  run: ReplicationRun,
  { at, ...progress }: TransferProgress & { percent: number; at: number },
): Change<'ReplicationRun'> {
  const entity = { ...run, sequence: run.sequence + 1 };
  const id = `${run.id}:${entity.sequence}`;
  const left = secondsLeft(progress);
  const event: DomainEvent = {
    id,
    source: 'rehost',
    detailType: 'Replication Run Progress',
    at,
    resources: [],
    detail: {
      version: '1',
      id,
      entityType: 'ReplicationRun',
      entity: run.id,
      sequence: entity.sequence,
      at: new Date(at).toISOString(),
      replicationJobId: run.replicationJobId,
      serverId: run.serverId,
      ...(run.appId === undefined ? {} : { appId: run.appId }),
      ...progress,
      ...(left === undefined ? {} : { secondsLeft: left }),
    },
  };
  return { kind: 'ReplicationRun', entity, events: [event] };
}

/** At the rate of late; undefined where nothing moves, or all is done. */
export function secondsLeft({ bytesDone = 0, bytesTotal = 0, bytesPerSecond = 0 }: RunFigures): number | undefined {
  const left = bytesTotal - bytesDone;
  return left > 0 && bytesPerSecond > 0 ? Math.ceil(left / bytesPerSecond) : undefined;
}

/** Such as `Uploading: 1.7 of 4.0 GiB, 120.0 MiB/s, 20 s left`; the stage alone where there are no figures. */
export function progressText(run: RunFigures): string {
  const { stage = '', bytesDone = 0, bytesTotal = 0, bytesPerSecond } = run;
  const left = secondsLeft(run);
  if (left === undefined) return stage;
  return `${stage}: ${bytesText(bytesDone, bytesTotal)} of ${bytesText(bytesTotal)} ${unitOf(bytesTotal)}, ${bytesText(bytesPerSecond!)} ${unitOf(bytesPerSecond!)}/s, ${durationText(left)} left`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const powerOf = (bytes: number) => Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10)));
const unitOf = (bytes: number) => UNITS[powerOf(bytes)];
/** In the unit of `whole`. */
const bytesText = (bytes: number, whole = bytes) => (bytes / 1024 ** powerOf(whole)).toFixed(1);

/** In its two largest units: `20 s`, `3 min 5 s`, `7 h 40 min`, `2 d 4 h`. */
function durationText(seconds: number): string {
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
