import type { StartOnDemandReplicationRunRequest, StartOnDemandReplicationRunResponse } from '@aws-sdk/client-sms';
import type { ReplicationJob } from '../../../domain/entities.ts';
import { newOnDemandRun, recentRuns } from '../../../domain/replication-job.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter, operationNotPermitted, replicationRunLimitExceeded } from '../../errors.ts';

/** One more run now; the schedule stays as it is. */
export async function startOnDemandReplicationRun(
  { replicationJobId, description }: StartOnDemandReplicationRunRequest,
  { store, clock, newId, config }: Services,
): Promise<StartOnDemandReplicationRunResponse> {
  const job = await store.get('ReplicationJob', replicationJobId!);
  if (!job) throw invalidParameter(`no replication job ${replicationJobId}; GetReplicationJobs lists those there are`);
  guard(job);
  const now = clock.now();
  const limit = config.limits.onDemandRunsPerDay;
  if (recentRuns(job.onDemandRuns, now).length >= limit) {
    throw replicationRunLimitExceeded(
      `replication job ${job.id} had ${limit} on-demand runs in the last 24 hours, which is the limit; wait, or change its schedule with UpdateReplicationJob`,
    );
  }
  const runId = newId('sms-run', 8);
  await store.transact(newOnDemandRun(job, { runId, now, ...(description === undefined ? {} : { description }) }));
  return { replicationRunId: runId };
}

function guard(job: ReplicationJob) {
  if (job.state === 'PENDING')
    throw operationNotPermitted(`replication job ${job.id} has not had its seed run; wait for it`);
  if (job.state !== 'ACTIVE')
    throw operationNotPermitted(`replication job ${job.id} is ${job.state}; runs can be started while it is ACTIVE`);
  if (job.activeRunId)
    throw operationNotPermitted(`run ${job.activeRunId} of replication job ${job.id} is under way; wait for its end`);
}
