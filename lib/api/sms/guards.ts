import { jobsOf } from '../../app-jobs.ts';
import { isLaunchBusy, isReplicationBusy } from '../../domain/app.ts';
import type { App } from '../../domain/entities.ts';
import { isEnded } from '../../domain/replication-job.ts';
import type { Services } from '../../ports.ts';
import { operationNotPermitted } from '../errors.ts';

/** A replication configuration stands while anything is replicated by it. */
export async function guardReplicationConfiguration(app: App, services: Pick<Services, 'store'>) {
  const active = isReplicationBusy(app) || (await jobsOf(app, services)).some((job) => !isEnded(job));
  if (active) {
    throw operationNotPermitted(
      `application ${app.id} is being replicated (${app.replicationStatus}); stop it with StopAppReplication before you change its configuration`,
    );
  }
}

export function guardLaunchConfiguration(app: App) {
  if (isLaunchBusy(app)) {
    throw operationNotPermitted(
      `launch of application ${app.id} is ${app.launchStatus}; wait for its end before you change its configuration`,
    );
  }
}
