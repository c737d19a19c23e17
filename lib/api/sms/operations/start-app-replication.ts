import type { StartAppReplicationRequest, StartAppReplicationResponse } from '@aws-sdk/client-sms';
import { jobsOf } from '../../../app-jobs.ts';
import { isReplicationBusy, replicationConfigurationProblem, serverIdsOf } from '../../../domain/app.ts';
import type { App } from '../../../domain/entities.ts';
import { isEnded, NO_USAGE, used } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Asks for a replication job per server; the `app-replication` workflow makes them. */
export async function startAppReplication(
  { appId }: StartAppReplicationRequest,
  services: Services,
): Promise<StartAppReplicationResponse> {
  const { store, clock } = services;
  const app = await findLiveApp(appId, services);
  guard(app);
  const active = (await jobsOf(app, services)).find((job) => !isEnded(job));
  if (active)
    throw operationNotPermitted(
      `application ${app.id} is replicated already, by ${active.id} and its like; stop it with StopAppReplication first`,
    );

  const usage = (await store.get('Usage', 'account')) ?? NO_USAGE;
  checkUsage(app, usage, services);
  const at = clock.now();
  const set = {
    replicationNumber: app.replicationNumber + 1,
    replicationAction: 'START',
    replicationJobIds: {},
    replicationStatusMessage: undefined,
    counted: true,
  } as const;
  const detail = { action: 'START' };
  await store.transact([
    advance(unchanged('App', app), ['App Replication', 'VALIDATION_IN_PROGRESS'], { at, set, detail }),
    ...(app.counted ? [] : [used(usage, { apps: 1 }, services.config.limits)]),
  ]);
  return {};
}

function guard(app: App) {
  if (!app.replicationConfiguration) {
    throw operationNotPermitted(
      `application ${app.id} has no replication configuration; put one with PutAppReplicationConfiguration`,
    );
  }
  if (serverIdsOf(app).length === 0)
    throw operationNotPermitted(`application ${app.id} has no servers; add them with UpdateApp`);
  const problem = replicationConfigurationProblem(app, app.replicationConfiguration);
  if (problem) throw operationNotPermitted(`application ${app.id}: ${problem}`);
  if (isReplicationBusy(app))
    throw operationNotPermitted(`replication of application ${app.id} is ${app.replicationStatus} already`);
  if (app.replicationStatus === 'REPLICATION_STOP_FAILED') {
    throw operationNotPermitted(`the last stop of application ${app.id} failed; call StopAppReplication again first`);
  }
}

function checkUsage(
  app: App,
  { replicatingApps, replicatingServers }: { replicatingApps: number; replicatingServers: number },
  { config: { limits } }: Services,
) {
  if (!app.counted && replicatingApps >= limits.replicatingApps) {
    throw operationNotPermitted(
      `${replicatingApps} applications are being replicated; at most ${limits.replicatingApps} may be at once, stop one first`,
    );
  }
  if (replicatingServers + serverIdsOf(app).length > limits.replicatingServers) {
    throw operationNotPermitted(
      `${replicatingServers} servers are being replicated and application ${app.id} has ${serverIdsOf(app).length}; at most ${limits.replicatingServers} may be at once`,
    );
  }
}
