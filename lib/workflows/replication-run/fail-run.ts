import type { ReplicationJob, ReplicationRun, Transfer } from '../../domain/entities.ts';
import { deletedRun, NO_USAGE, runsOnce, transferIdOf, used } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';

const SILENT = 'no connector reported on the transfer for too long; check that the connector runs and sees the server';

/** The same, with who it was. */
async function silence({ connectorId, heldBy }: Transfer, { store }: Services): Promise<string> {
  const connector = await store.get('Connector', connectorId ?? heldBy ?? '');
  if (!connector?.lastSeenAt) return SILENT;
  const { id, vmManagerName, lastSeenAt } = connector;
  return `${SILENT}. It was connector ${id} of ${vmManagerName}, last heard of at ${new Date(lastSeenAt).toISOString()}`;
}

/** Failures of a look at the server, before anything was copied. A person has to help; what to do is in the message. */
const OF_VALIDATION = [
  'ServerCheckError',
  'ServerNotFoundError',
  'UnsupportedDiskError',
  'MissingProgramError',
  'DiskShrunkError',
  'TooManyDisksError',
  'ConversionNeedsAwsError',
  'GroupSpreadError',
];

/** In SMS's words, as far as they are known. Source: its user guide, troubleshooting. */
const messageOf = (failure: Failure, { id }: ReplicationJob) =>
  OF_VALIDATION.includes(failure.Error)
    ? `Failed to validate replication job ${id}. ${describeFailure(failure)}`
    : describeFailure(failure);

/** Fails the run. A job that runs once fails with it; another goes on until too many runs in a row have failed, and then pauses. */
export async function failRun(
  { replicationRunId, failure }: { replicationRunId: string; failure: Failure },
  services: Services,
): Promise<Record<string, never>> {
  const { store, clock, snapshots } = services;
  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!run || !job || run.state !== 'ACTIVE') return {};

  const at = clock.now();
  const transfer = await store.get('Transfer', transferIdOf(run.id));
  const waiting = transfer && ['QUEUED', 'CLAIMED'].includes(transfer.state);
  // The engine gives up on a transfer that nobody reports on; the connector's own failures have ended it before.
  const message = `ServerError: ${waiting && failure.Error.startsWith('States.') ? await silence(transfer, services) : messageOf(failure, job)}`;
  const given = waiting
    ? [advance(unchanged('Transfer', transfer), ['Transfer', 'FAILED'], { at, reason: message })]
    : [];
  const jobChanges = await jobAfterFailure(job, run, { ...services, message });
  const statusMessage = jobChanges[0]!.entity.statusMessage ?? message;
  await store.transact([
    advance(unchanged('ReplicationRun', run), ['Replication Run', 'FAILED'], {
      at,
      reason: message,
      set: { statusMessage, completedTime: at },
    }),
    ...given,
    ...jobChanges,
  ]);
  // Nobody goes on with what a failed run began; what it did not get to the end of is removed.
  if (transfer && transfer.state !== 'DONE') for (const id of transfer.targets) await snapshots.remove(id);
  return {};
}

async function jobAfterFailure(
  { activeRunId: _, ...job }: ReplicationJob,
  run: ReplicationRun,
  services: Services & { message: string },
): Promise<[Change<'ReplicationJob'>, ...Change[]]> {
  const { message, config } = services;
  const failures = job.consecutiveFailures + 1;
  const left = config.limits.consecutiveFailures - failures;
  if (runsOnce(job) && run.type === 'AUTOMATIC') return failedJob({ ...job, consecutiveFailures: failures }, services);
  if (left <= 0 && job.state === 'ACTIVE') return pausedJob({ ...job, consecutiveFailures: failures }, services);
  const statusMessage = `${message}. ${left} re-try run(s) remaining before the job will be paused`;
  return [unchanged('ReplicationJob', { ...job, consecutiveFailures: failures, statusMessage })];
}

async function failedJob(
  job: ReplicationJob,
  { store, clock, message }: Services & { message: string },
): Promise<[Change<'ReplicationJob'>, ...Change[]]> {
  const why = { at: clock.now(), reason: message, set: { statusMessage: message, released: true } } as const;
  const failing = advance(unchanged('ReplicationJob', job), ['Replication Job', 'FAILING'], why);
  const server = await store.get('Server', job.serverId);
  return [
    advance(failing, ['Replication Job', 'FAILED'], why),
    used((await store.get('Usage', 'account')) ?? NO_USAGE, { servers: -1 }),
    ...(server?.replicationJobId === job.id
      ? [unchanged('Server', { ...server, replicationJobTerminated: true })]
      : []),
  ];
}

async function pausedJob(
  job: ReplicationJob,
  { store, clock, config, message }: Services & { message: string },
): Promise<[Change<'ReplicationJob'>, ...Change[]]> {
  const at = clock.now();
  const { pendingRunId, nextReplicationRunStartTime: _, ...rest } = job;
  const statusMessage = `${message}. The job is paused after ${job.consecutiveFailures} failed runs; resume it within ${config.limits.pausedDays} days with UpdateReplicationJob and nextReplicationRunStartTime`;
  const pending = pendingRunId ? await store.get('ReplicationRun', pendingRunId) : undefined;
  return [
    advance(unchanged('ReplicationJob', rest), ['Replication Job', 'PAUSED_ON_FAILURE'], {
      at,
      reason: message,
      set: { pausedAt: at, statusMessage },
    }),
    ...(pending?.state === 'PENDING' ? [deletedRun(pending, { at, reason: 'the job is paused' })] : []),
  ];
}
