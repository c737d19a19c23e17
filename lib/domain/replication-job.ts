import type { Usage } from './account.ts';
import type { LicenseType, ReplicationParameters } from './app-configuration.ts';
import type { ReplicationJob, ReplicationRun, Server } from './entities.ts';
import { DAY, HOUR } from './time.ts';
import { advance, type Change, created, unchanged } from './transition.ts';

/** A job in one of these states is over: its server may have another. */
const ENDED = ['COMPLETED', 'FAILED', 'DELETED'];
export const isEnded = ({ state }: Pick<ReplicationJob, 'state'>) => ENDED.includes(state);

/** A job that runs once has no frequency to follow, or was told so. */
export const runsOnce = ({ runOnce, frequency }: Pick<ReplicationJob, 'runOnce' | 'frequency'>) =>
  Boolean(runOnce) || !frequency;

/** The time of the run after `previous`: the first multiple of the frequency that is still to come. */
export function nextStart(previous: number, frequencyHours: number, now: number): number {
  const step = frequencyHours * HOUR;
  return previous + step * Math.max(1, Math.floor((now - previous) / step) + 1);
}

/** On-demand runs that still count against the limit of 24 hours. */
export const recentRuns = (times: readonly number[], now: number) => times.filter((time) => time > now - DAY);

/** How snapshots become an image: registered as they are, or imported, which has AWS convert the guest first (drivers, boot loader, licence). */
export type Finalizer = 'register' | 'import';

/** By a job's licence type. `auto`, for jobs without one: Windows is imported where that can be done, and EC2 sees which licence it needs; others are registered. */
export type Finalizers = Readonly<Record<LicenseType, Finalizer> & { readonly NONE: Finalizer | 'auto' }>;

/** How the images of a job are made: its licence type tells, or else its guest. */
export function finalizerOf(
  { licenseType }: Pick<ReplicationJob, 'licenseType'>,
  finalizers: Finalizers,
  guest: { readonly startsWindows: boolean; readonly offered: readonly Finalizer[] },
): Finalizer {
  const finalizer = finalizers[licenseType ?? 'NONE'];
  if (finalizer !== 'auto') return finalizer;
  return guest.startsWindows && guest.offered.includes('import') ? 'import' : 'register';
}

/** A run has one transfer, whose id is made of the run's. */
export const transferIdOf = (runId: string) => runId.replace(/^sms-run-/, 'sms-transfer-');

export interface NewJob {
  readonly jobId: string;
  readonly runId: string;
  readonly server: Server;
  readonly parameters: ReplicationParameters;
  readonly seedReplicationTime: number;
  readonly appId?: string;
  readonly roleName?: string;
  readonly description?: string;
  readonly now: number;
}

/** A replication job with its first run, and its server marked as having it. */
export function newReplicationJob(
  spec: NewJob,
): [Change<'ReplicationJob'>, Change<'ReplicationRun'>, Change<'Server'>] {
  const { jobId, runId, server, parameters, seedReplicationTime, now, ...rest } = spec;
  const job: ReplicationJob = {
    ...rest,
    ...parameters,
    id: jobId,
    version: 0,
    sequence: 0,
    serverId: server.id,
    vmServer: server.vmServer,
    state: 'PENDING',
    seedReplicationTime,
    nextReplicationRunStartTime: seedReplicationTime,
    createdAt: now,
    pendingRunId: runId,
    consecutiveFailures: 0,
    onDemandRuns: [],
  };
  const { replicationJobTerminated: _, ...freeServer } = server;
  return [
    created('ReplicationJob', job, { machines: ['Replication Job'], at: now }),
    newRun(job, { runId, type: 'AUTOMATIC', scheduledStartTime: seedReplicationTime, now }),
    unchanged('Server', { ...freeServer, replicationJobId: jobId }),
  ];
}

/** A run that waits for its time. */
export function newRun(
  job: ReplicationJob,
  {
    runId,
    now,
    ...spec
  }: { runId: string; now: number } & Pick<ReplicationRun, 'type' | 'scheduledStartTime' | 'description'>,
): Change<'ReplicationRun'> {
  const run: ReplicationRun = {
    ...spec,
    id: runId,
    version: 0,
    sequence: 0,
    replicationJobId: job.id,
    serverId: job.serverId,
    ...(job.appId === undefined ? {} : { appId: job.appId }),
    state: 'PENDING',
    schedule: 0,
    ...(job.encrypted === undefined ? {} : { encrypted: job.encrypted }),
    ...(job.kmsKeyId === undefined ? {} : { kmsKeyId: job.kmsKeyId }),
  };
  return created('ReplicationRun', run, { machines: ['Replication Run'], at: now });
}

/** A run that begins now, with the job marked as having it, so that no other begins beside it. */
export function newOnDemandRun(
  job: ReplicationJob,
  { runId, now, ...rest }: { runId: string; now: number; description?: string },
): Change[] {
  return [
    newRun(job, { ...rest, runId, type: 'ON_DEMAND', scheduledStartTime: now, now }),
    unchanged('ReplicationJob', {
      ...job,
      activeRunId: runId,
      onDemandRuns: [...recentRuns(job.onDemandRuns, now), now],
    }),
  ];
}

/** Moves a pending run to another time; executions started for the former time do nothing. */
export function rescheduled(run: ReplicationRun, startTime: number, now: number): Change<'ReplicationRun'> {
  return advance(unchanged('ReplicationRun', run), ['Replication Run', 'PENDING'], {
    set: { scheduledStartTime: startTime, schedule: run.schedule + 1 },
    at: now,
    reason: 'rescheduled',
  });
}

/** Asks for the end of a job. */
export function deletionRequested(job: ReplicationJob, why: { at: number; reason: string }): Change<'ReplicationJob'> {
  const { deletionFailed: _, ...rest } = job;
  return advance(unchanged('ReplicationJob', rest), ['Replication Job', 'DELETING'], why);
}

/** A run that is pending or active, deleted with its job or because its job paused. */
export function deletedRun(run: ReplicationRun, why: { at: number; reason: string }): Change<'ReplicationRun'> {
  const deleting =
    run.state === 'DELETING'
      ? unchanged('ReplicationRun', run)
      : advance(unchanged('ReplicationRun', run), ['Replication Run', 'DELETING'], why);
  return advance(deleting, ['Replication Run', 'DELETED'], { ...why, set: { completedTime: why.at } });
}

export const NO_USAGE: Usage = { id: 'account', version: 0, sequence: 0, replicatingServers: 0, replicatingApps: 0 };

/** So many servers and applications more or less. Whoever adds says how many there may be, so that the limit holds among callers at once. */
export const used = (
  usage: Usage,
  { servers = 0, apps = 0 }: { servers?: number; apps?: number },
  limits?: { readonly replicatingServers: number; readonly replicatingApps: number },
): Change<'Usage'> => ({
  ...unchanged('Usage', usage),
  sums: {
    add: { ...(servers ? { replicatingServers: servers } : {}), ...(apps ? { replicatingApps: apps } : {}) },
    ...(limits ? { atMost: limits } : {}),
  },
});
