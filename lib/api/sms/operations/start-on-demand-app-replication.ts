import type { StartOnDemandAppReplicationRequest, StartOnDemandAppReplicationResponse } from '@aws-sdk/client-sms';
import { jobsOf } from '../../../app-jobs.ts';
import { isReplicationBusy } from '../../../domain/app.ts';
import { recentRuns } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Statuses in which the first replication is done. */
const REPLICATED = ['REPLICATED', 'PARTIALLY_REPLICATED', 'DELTA_REPLICATED', 'DELTA_REPLICATION_FAILED'];

/** Asks for one more run of each server's job now; the schedule stays as it is. */
export async function startOnDemandAppReplication(
  { appId, description }: StartOnDemandAppReplicationRequest,
  services: Services,
): Promise<StartOnDemandAppReplicationResponse> {
  const { store, clock, config } = services;
  const app = await findLiveApp(appId, services);
  const jobs = await jobsOf(app, services);
  if (isReplicationBusy(app) || jobs.some(({ activeRunId }) => activeRunId)) {
    throw operationNotPermitted(
      `a run of application ${app.id} is under way (${app.replicationStatus}); wait for its end`,
    );
  }
  if (!REPLICATED.includes(app.replicationStatus) || !jobs.some(({ state }) => state === 'ACTIVE')) {
    throw operationNotPermitted(
      `application ${app.id} has no job that is ACTIVE and had its first run (${app.replicationStatus}); start it with StartAppReplication, or resume its jobs with UpdateReplicationJob`,
    );
  }
  const recent = recentRuns(app.onDemandRuns, clock.now());
  const limit = config.limits.onDemandRunsPerDay;
  if (recent.length >= limit) {
    throw operationNotPermitted(
      `application ${app.id} had ${recent.length} on-demand runs in the last 24 hours; at most ${limit} are allowed`,
    );
  }

  const at = clock.now();
  const set = {
    replicationNumber: app.replicationNumber + 1,
    replicationAction: 'ON_DEMAND',
    onDemandRuns: [...recent, at],
  } as const;
  const detail = { action: 'ON_DEMAND', ...(description === undefined ? {} : { description }) };
  await store.transact([
    advance(unchanged('App', app), ['App Replication', 'DELTA_REPLICATION_IN_PROGRESS'], { at, set, detail }),
  ]);
  return {};
}
