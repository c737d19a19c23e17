import { NO_USAGE, used } from '../../domain/replication-job.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

/** Marks the job as deleted, frees its server and forgets its baseline. Images stay. */
export async function deleteJob(
  { replicationJobId }: { replicationJobId: string },
  { store, connectors, clock }: Services,
): Promise<Record<string, never>> {
  const job = await store.get('ReplicationJob', replicationJobId);
  if (job?.state !== 'DELETING') return {};
  await connectors.forgetJob(job.id);
  const { pendingRunId: _, activeRunId: __, nextReplicationRunStartTime: ___, ...rest } = job;
  const server = await store.get('Server', job.serverId);
  await store.transact([
    advance(unchanged('ReplicationJob', rest), ['Replication Job', 'DELETED'], { at: clock.now() }),
    ...(server?.replicationJobId === job.id
      ? [unchanged('Server', { ...server, replicationJobTerminated: true })]
      : []),
    ...(job.released ? [] : [used((await store.get('Usage', 'account')) ?? NO_USAGE, { servers: -1 })]),
  ]);
  return {};
}
