import { newOnDemandRun } from '../../domain/replication-job.ts';
import type { Services } from '../../ports.ts';
import { updateAppReplication } from '../replication-run/update-app.ts';
import { endAction } from './end-action.ts';

/** Starts a run of each job of the application now. A job that has had its run of this request is passed over on a repeat. */
export async function createOnDemandRuns(
  { appId, description }: { appId: string; description?: string },
  services: Services,
): Promise<Record<string, never>> {
  const { store, clock, newId } = services;
  const app = await store.get('App', appId);
  if (app?.replicationAction === 'ON_DEMAND') {
    const requestedAt = app.onDemandRuns.at(-1)!;
    for (const jobId of Object.values(app.replicationJobIds)) {
      const job = await store.get('ReplicationJob', jobId);
      // A job that is paused or over has none.
      if (job?.state !== 'ACTIVE' || job.activeRunId || job.onDemandRuns.some((time) => time >= requestedAt)) continue;
      await store.transact(
        newOnDemandRun(job, {
          runId: newId('sms-run', 8),
          now: clock.now(),
          ...(description === undefined ? {} : { description }),
        }),
      );
    }
  }
  await endAction(appId, 'ON_DEMAND', services);
  await updateAppReplication(appId, services);
  return {};
}
