import type { UpdateReplicationJobRequest, UpdateReplicationJobResponse } from '@aws-sdk/client-sms';
import type { ReplicationJob } from '../../../domain/entities.ts';
import { newRun, rescheduled, runsOnce } from '../../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter, operationNotPermitted, replicationJobNotFound } from '../../errors.ts';
import { readReplicationParameters, readSeedTime } from '../replication-parameters.ts';

/** Changes the job from its next run on. A start time resumes a paused job. */
export async function updateReplicationJob(
  input: UpdateReplicationJobRequest,
  services: Services,
): Promise<UpdateReplicationJobResponse> {
  const { store, clock } = services;
  const job = await store.get('ReplicationJob', input.replicationJobId!);
  if (!job) throw replicationJobNotFound(input.replicationJobId!);
  if (!['PENDING', 'ACTIVE', 'PAUSED_ON_FAILURE'].includes(job.state)) {
    throw operationNotPermitted(`replication job ${job.id} is ${job.state} and cannot be changed; create another`);
  }
  const start = readSeedTime(input.nextReplicationRunStartTime, 'nextReplicationRunStartTime', services);
  const { roleName, description } = input;
  const changed: ReplicationJob = {
    ...job,
    ...readReplicationParameters(input, '', services),
    ...(roleName === undefined ? {} : { roleName }),
    ...(description === undefined ? {} : { description }),
  };
  await store.transact(
    start === undefined
      ? [unchanged('ReplicationJob', changed)]
      : await scheduledAt(changed, start, { ...services, now: clock.now() }),
  );
  return {};
}

/** The job with its next run at another time; with a new run where none is pending. */
async function scheduledAt(
  job: ReplicationJob,
  start: number,
  { store, newId, now }: Services & { now: number },
): Promise<Change[]> {
  const pending = job.pendingRunId ? await store.get('ReplicationRun', job.pendingRunId) : undefined;
  if (!pending && job.state !== 'PAUSED_ON_FAILURE' && runsOnce(job)) {
    throw invalidParameter(`nextReplicationRunStartTime: replication job ${job.id} runs once, and that run has begun`);
  }
  const run =
    pending?.state === 'PENDING'
      ? rescheduled(pending, start, now)
      : newRun(job, { runId: newId('sms-run', 8), type: 'AUTOMATIC', scheduledStartTime: start, now });
  const { pausedAt: _, ...rest } = job;
  const set = { nextReplicationRunStartTime: start, pendingRunId: run.entity.id };
  const next =
    job.state === 'PAUSED_ON_FAILURE'
      ? advance(unchanged('ReplicationJob', rest), ['Replication Job', 'ACTIVE'], {
          at: now,
          reason: 'resumed',
          set: { ...set, consecutiveFailures: 0, statusMessage: undefined },
        })
      : unchanged('ReplicationJob', { ...job, ...set });
  return [next, run];
}
