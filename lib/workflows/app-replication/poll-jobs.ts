import { isEnded } from '../../domain/replication-job.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { released } from '../replication-run/update-app.ts';

export class JobNotDeletedError extends Error {
  override readonly name = 'JobNotDeletedError';
}

/** Moves the application to REPLICATION_STOPPED once all its jobs are over. */
export async function pollJobs({ appId }: { appId: string }, services: Services): Promise<{ deleted: boolean }> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  if (app?.replicationStatus !== 'REPLICATION_STOPPING') return { deleted: true };
  const jobs = await Promise.all(
    Object.values(app.replicationJobIds).map((jobId) => store.get('ReplicationJob', jobId)),
  );
  const stuck = jobs.find((job) => job?.deletionFailed);
  if (stuck) throw new JobNotDeletedError(`replication job ${stuck.id} could not be deleted: ${stuck.statusMessage}`);
  if (jobs.some((job) => job && !isEnded(job))) return { deleted: false };

  const { replicationAction: _, ...rest } = app;
  const stopped = advance(unchanged('App', rest), ['App Replication', 'REPLICATION_STOPPED'], { at: clock.now() });
  await store.transact(await released(stopped, services));
  return { deleted: true };
}
