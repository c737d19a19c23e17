import { deletionRequested, isEnded } from '../../domain/replication-job.ts';
import type { Services } from '../../ports.ts';

/** Asks for the deletion of each job of the application that is not over. */
export async function deleteReplicationJobs(
  { appId }: { appId: string },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const app = await store.get('App', appId);
  for (const jobId of Object.values(app?.replicationJobIds ?? {})) {
    const job = await store.get('ReplicationJob', jobId);
    if (!job || isEnded(job) || (job.state === 'DELETING' && !job.deletionFailed)) continue;
    await store.transact([
      deletionRequested(job, { at: clock.now(), reason: 'replication of the application is stopped' }),
    ]);
  }
  return {};
}
