import type { StopAppReplicationRequest, StopAppReplicationResponse } from '@aws-sdk/client-sms';
import { jobsOf } from '../../../app-jobs.ts';
import { isEnded } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Asks for the deletion of the application's replication jobs; their images stay. */
export async function stopAppReplication(
  { appId }: StopAppReplicationRequest,
  services: Services,
): Promise<StopAppReplicationResponse> {
  const app = await findLiveApp(appId, services);
  const jobs = await jobsOf(app, services);
  const starting = ['VALIDATION_IN_PROGRESS', 'REPLICATION_PENDING', 'REPLICATION_STOP_FAILED'].includes(
    app.replicationStatus,
  );
  if (app.replicationStatus === 'REPLICATION_STOPPING')
    throw operationNotPermitted(`replication of application ${app.id} is being stopped already`);
  if (!starting && jobs.every(isEnded)) {
    throw operationNotPermitted(
      `application ${app.id} is not being replicated (${app.replicationStatus}); there is nothing to stop`,
    );
  }
  const set = { replicationNumber: app.replicationNumber + 1, replicationAction: 'STOP' } as const;
  const why = { at: services.clock.now(), set, detail: { action: 'STOP' } };
  await services.store.transact([advance(unchanged('App', app), ['App Replication', 'REPLICATION_STOPPING'], why)]);
  return {};
}
