import type { DeleteAppRequest, DeleteAppResponse } from '@aws-sdk/client-sms';
import { jobsOf } from '../../../app-jobs.ts';
import { isLaunchBusy, isReplicationBusy } from '../../../domain/app.ts';
import type { App } from '../../../domain/entities.ts';
import { isEnded } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Replication that is active, or a stack that stands, must be given up by force. The images stay. */
export async function deleteApp(input: DeleteAppRequest, services: Services): Promise<DeleteAppResponse> {
  const { appId, forceStopAppReplication = false, forceTerminateApp = false } = input;
  const { store, clock } = services;
  const app = await findLiveApp(appId, services);
  const replicating = isReplicationBusy(app) || (await jobsOf(app, services)).some((job) => !isEnded(job));
  guard(app, { replicating, forceStopAppReplication, forceTerminateApp });

  const deletion = {
    number: (app.deletion?.number ?? 0) + 1,
    stopReplication: forceStopAppReplication,
    terminate: forceTerminateApp,
  };
  await store.transact([advance(unchanged('App', app), ['App', 'DELETING'], { at: clock.now(), set: { deletion } })]);
  return {};
}

function guard(
  app: App,
  { replicating, ...force }: { replicating: boolean; forceStopAppReplication: boolean; forceTerminateApp: boolean },
) {
  if (replicating && !force.forceStopAppReplication) {
    throw operationNotPermitted(
      `application ${app.id} is being replicated (${app.replicationStatus}); stop it with StopAppReplication or set forceStopAppReplication`,
    );
  }
  if ((app.stack || isLaunchBusy(app)) && !force.forceTerminateApp) {
    throw operationNotPermitted(
      `application ${app.id} is launched (${app.launchStatus}); terminate it with TerminateApp or set forceTerminateApp`,
    );
  }
}
