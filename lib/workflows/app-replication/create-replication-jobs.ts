import { serverIdsOf } from '../../domain/app.ts';
import type { App } from '../../domain/entities.ts';
import { NO_USAGE, newReplicationJob, used } from '../../domain/replication-job.ts';
import { type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { ConflictError } from '../../store.ts';
import { updateAppReplication } from '../replication-run/update-app.ts';
import { endAction } from './end-action.ts';

/** Creates a replication job per server. The application names the jobs that it has, so a repeat goes on with the servers that have none. */
export async function createReplicationJobs(
  { appId }: { appId: string },
  services: Services,
): Promise<Record<string, never>> {
  for (;;) {
    const app = await services.store.get('App', appId);
    if (app?.replicationAction !== 'START') break;
    const serverId = serverIdsOf(app).find((id) => !app.replicationJobIds[id]);
    if (!serverId) break;
    await createJob(app, serverId, services);
  }
  await endAction(appId, 'START', services);
  await updateAppReplication(appId, services);
  return {};
}

async function createJob(app: App, serverId: string, { store, clock, newId }: Services) {
  const server = await store.get('Server', serverId);
  if (!server) throw new Error(`server ${serverId} is no longer in the catalog`);
  const configured = app.replicationConfiguration?.find((one) => one.serverId === serverId);
  if (!configured) throw new Error(`server ${serverId} has no replication configuration`);
  const { seedTime, ...parameters } = configured.parameters;
  const now = clock.now();
  const jobId = newId('sms-job', 8);
  const changes: Change[] = newReplicationJob({
    jobId,
    runId: newId('sms-run', 8),
    server,
    parameters,
    seedReplicationTime: seedTime ?? now,
    appId: app.id,
    ...(app.roleName === undefined ? {} : { roleName: app.roleName }),
    now,
  });
  const usage = (await store.get('Usage', 'account')) ?? NO_USAGE;
  const withJob = { ...app, replicationJobIds: { ...app.replicationJobIds, [serverId]: jobId } };
  try {
    await store.transact([...changes, unchanged('App', withJob), used(usage, { servers: 1 })]);
  } catch (error) {
    // Somebody else wrote the application or the usage: the loop reads them again.
    if (!(error instanceof ConflictError)) throw error;
  }
}
