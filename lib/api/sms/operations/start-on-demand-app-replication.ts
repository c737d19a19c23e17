import type { StartOnDemandAppReplicationRequest, StartOnDemandAppReplicationResponse } from '@aws-sdk/client-sms';
import { jobsOf } from '../../../app-jobs.ts';
import { isReplicationBusy } from '../../../domain/app.ts';
import { isEnded, recentRuns } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Asks for one more run of each server's job now; the schedule stays as it is. */
export async function startOnDemandAppReplication(
  { appId, description }: StartOnDemandAppReplicationRequest,
  services: Services,
): Promise<StartOnDemandAppReplicationResponse> {
  const { store, clock, config } = services;
  const app = await findLiveApp(appId, services);
  const jobs = await jobsOf(app, services);
  if (app.latestReplicationTime === undefined || jobs.length === 0 || jobs.every(isEnded)) {
    throw operationNotPermitted(
      `application ${app.id} has no replication that is set up and complete (${app.replicationStatus}); start it with StartAppReplication`,
    );
  }
  if (isReplicationBusy(app) || jobs.some(({ activeRunId }) => activeRunId)) {
    throw operationNotPermitted(
      `a run of application ${app.id} is under way (${app.replicationStatus}); wait for its end`,
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
