import { isLaunchBusy, launchProblem, launchRequested, replicationStatusOf } from '../../domain/app.ts';
import type { App, ReplicationJob } from '../../domain/entities.ts';
import { isEnded, NO_USAGE, used } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { ConflictError } from '../../store.ts';

/** Works out the replication status of the application that the run, or job, belongs to. */
export async function updateApp(
  { replicationRunId, replicationJobId }: { replicationRunId?: string; replicationJobId?: string },
  services: Services,
): Promise<Record<string, never>> {
  const { store } = services;
  const owner = replicationRunId
    ? await store.get('ReplicationRun', replicationRunId)
    : await store.get('ReplicationJob', replicationJobId!);
  if (owner?.appId) await updateAppReplication(owner.appId, services);
  return {};
}

/** All jobs of an application write it when they end together; each reads it again until it was the last. */
const ATTEMPTS = 100;

/** Moves the application to the status that its jobs add up to. Nothing is counted, so a repeat changes nothing. */
export async function updateAppReplication(appId: string, services: Services): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      while (await step(appId, services)) {
        // One step may lead to the next: pending, in progress, replicated.
      }
      return;
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function step(appId: string, services: Services): Promise<boolean> {
  const { store } = services;
  const app = await store.get('App', appId);
  if (!app) return false;
  const jobs = await Promise.all(
    Object.values(app.replicationJobIds).map((jobId) => store.get('ReplicationJob', jobId)),
  );
  const present = jobs.filter((job) => job !== undefined);
  const status = replicationStatusOf(app, present);
  const change = status ? moved(app, { status, jobs: present }, services.clock.now()) : unchanged('App', app);
  const over = app.counted && !app.replicationAction && present.length > 0 && present.every(isEnded);
  if (!status && !over) return false;
  await store.transact(over ? await released(change, services) : [change]);
  return true;
}

function moved(
  app: App,
  { status, jobs }: { status: App['replicationStatus']; jobs: readonly ReplicationJob[] },
  at: number,
): Change<'App'> {
  const replicated = ['REPLICATED', 'PARTIALLY_REPLICATED', 'DELTA_REPLICATED'].includes(status);
  const failed = jobs.find(({ statusMessage, consecutiveFailures }) => statusMessage && consecutiveFailures > 0);
  const set = {
    ...(replicated ? { latestReplicationTime: at } : {}),
    replicationStatusMessage: failed && `server ${failed.vmServer.vmName}: ${failed.statusMessage}`,
  };
  const change = advance(unchanged('App', app), ['App Replication', status], { at, set });
  return status === 'REPLICATED' && launchesItself(change.entity, jobs) ? launchRequested(change, at) : change;
}

/** The application no longer counts against the account's limit: none of its jobs goes on. */
export async function released(change: Change<'App'>, { store }: Pick<Services, 'store'>): Promise<Change[]> {
  if (!change.entity.counted) return [change];
  const usage = (await store.get('Usage', 'account')) ?? NO_USAGE;
  return [{ ...change, entity: { ...change.entity, counted: false } }, used(usage, { apps: -1 })];
}

function launchesItself(app: App, jobs: readonly ReplicationJob[]): boolean {
  const images = new Map(
    jobs.flatMap(({ serverId, latestAmiId }) => (latestAmiId ? [[serverId, latestAmiId] as const] : [])),
  );
  return (
    Boolean(app.launchConfiguration?.autoLaunch) &&
    !app.stack &&
    !isLaunchBusy(app) &&
    launchProblem(app, images) === undefined
  );
}
