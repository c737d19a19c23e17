import type { ServerReplicationConfiguration } from './app-configuration.ts';
import type { App, ReplicationJob, Server } from './entities.ts';
import { advance, type Change, created, unchanged } from './transition.ts';

/** Replication states in which something is under way that a second request would disturb. */
const REPLICATION_BUSY = [
  'VALIDATION_IN_PROGRESS',
  'REPLICATION_PENDING',
  'REPLICATION_IN_PROGRESS',
  'DELTA_REPLICATION_IN_PROGRESS',
  'REPLICATION_STOPPING',
];
export const isReplicationBusy = ({ replicationStatus }: Pick<App, 'replicationStatus'>) =>
  REPLICATION_BUSY.includes(replicationStatus);

const LAUNCH_BUSY = [
  'VALIDATION_IN_PROGRESS',
  'LAUNCH_PENDING',
  'LAUNCH_IN_PROGRESS',
  'DELTA_LAUNCH_IN_PROGRESS',
  'TERMINATE_IN_PROGRESS',
];
export const isLaunchBusy = ({ launchStatus }: Pick<App, 'launchStatus'>) => LAUNCH_BUSY.includes(launchStatus);

export const serverIdsOf = ({ serverGroups }: Pick<App, 'serverGroups'>) =>
  serverGroups.flatMap(({ serverIds }) => serverIds);

/** The name that ungrouped servers' group bears. */
export const DEFAULT_GROUP = 'default';

type AppSpec = Pick<App, 'id' | 'name' | 'description' | 'roleName' | 'importedAppId' | 'tags' | 'serverGroups'>;

/** An application that is ready to be configured. */
export function newApp({ now, ...spec }: AppSpec & { readonly now: number }): Change<'App'> {
  const app: App = {
    ...spec,
    version: 0,
    sequence: 0,
    creationTime: now,
    lastModified: now,
    status: 'CREATING',
    replicationStatus: 'READY_FOR_CONFIGURATION',
    replicationJobIds: {},
    replicationNumber: 0,
    onDemandRuns: [],
    launchStatus: 'READY_FOR_CONFIGURATION',
    launchNumber: 0,
  };
  const creating = created('App', app, { machines: ['App', 'App Replication', 'App Launch'], at: now });
  return advance(creating, ['App', 'ACTIVE'], { at: now });
}

/** How the application is configured, and what is wrong with it, if anything. */
export interface Configured<Configuration> {
  readonly configuration: Configuration | undefined;
  readonly problem?: string | undefined;
}

/** Moves the application through CONFIGURATION_IN_PROGRESS to ready or invalid, or back when there is no configuration. */
export function replicationConfigured(
  change: Change<'App'>,
  { configuration, problem }: Configured<NonNullable<App['replicationConfiguration']>>,
  at: number,
): Change<'App'> {
  const set = {
    replicationConfiguration: configuration,
    replicationJobIds: {},
    replicationStatusMessage: problem,
    lastModified: at,
  } as const;
  if (!configuration) {
    return change.entity.replicationStatus === 'READY_FOR_CONFIGURATION'
      ? { ...change, entity: { ...change.entity, ...set } }
      : advance(change, ['App Replication', 'READY_FOR_CONFIGURATION'], { at, set });
  }
  const inProgress = advance(change, ['App Replication', 'CONFIGURATION_IN_PROGRESS'], { at });
  return problem
    ? advance(inProgress, ['App Replication', 'CONFIGURATION_INVALID'], { at, set, reason: problem })
    : advance(inProgress, ['App Replication', 'READY_FOR_REPLICATION'], { at, set });
}

/** The same for the launch. A launched application keeps its launch status: its stack stands, whatever is configured next. */
export function launchConfigured(
  change: Change<'App'>,
  { configuration, problem }: Configured<NonNullable<App['launchConfiguration']>>,
  at: number,
): Change<'App'> {
  const set = { launchConfiguration: configuration, launchStatusMessage: problem, lastModified: at } as const;
  if (change.entity.stack) return { ...change, entity: { ...change.entity, ...set } };
  if (!configuration) {
    return change.entity.launchStatus === 'READY_FOR_CONFIGURATION'
      ? { ...change, entity: { ...change.entity, ...set } }
      : advance(change, ['App Launch', 'READY_FOR_CONFIGURATION'], { at, set });
  }
  const inProgress = advance(change, ['App Launch', 'CONFIGURATION_IN_PROGRESS'], { at });
  return problem
    ? advance(inProgress, ['App Launch', 'CONFIGURATION_INVALID'], { at, set, reason: problem })
    : advance(inProgress, ['App Launch', 'READY_FOR_LAUNCH'], { at, set });
}

/** Why the servers cannot be replicated by this configuration: each must say how often, or that it is replicated once. */
export function replicationConfigurationProblem(
  app: Pick<App, 'serverGroups'>,
  configuration: readonly ServerReplicationConfiguration[],
): string | undefined {
  const configured = new Map(configuration.map(({ serverId, parameters }) => [serverId, parameters]));
  const missing = serverIdsOf(app).filter((serverId) => {
    const parameters = configured.get(serverId);
    return !parameters?.frequency && !parameters?.runOnce;
  });
  return missing.length > 0
    ? `no frequency, and not runOnce, for server ${missing.join(', ')}; name each server in PutAppReplicationConfiguration`
    : undefined;
}

/** Asks for the launch of the application, or for an update of its stack where one stands. */
export function launchRequested(change: Change<'App'>, at: number): Change<'App'> {
  const set = { launchNumber: change.entity.launchNumber + 1, launchStatusMessage: undefined };
  const detail = { action: 'LAUNCH' };
  const to = change.entity.stack ? 'DELTA_LAUNCH_IN_PROGRESS' : 'VALIDATION_IN_PROGRESS';
  return advance(change, ['App Launch', to], { at, set, detail });
}

/** Asks for the deletion of the application's stack. */
export function terminationRequested(app: App, at: number): Change<'App'> {
  const set = { launchNumber: app.launchNumber + 1, launchStatusMessage: undefined };
  return advance(unchanged('App', app), ['App Launch', 'TERMINATE_IN_PROGRESS'], {
    at,
    set,
    detail: { action: 'TERMINATE' },
  });
}

/** Whether an application with these servers and launch settings can be launched; if not, why. */
export function launchProblem(app: App, amiIds: ReadonlyMap<string, string>): string | undefined {
  if (!app.launchConfiguration) {
    return `application ${app.id} has no launch configuration; put one with PutAppLaunchConfiguration`;
  }
  if (serverIdsOf(app).length === 0) return `application ${app.id} has no servers; add them with UpdateApp`;
  if (amiIds.size === 0) {
    return `no replication of application ${app.id} is complete; start it with StartAppReplication and wait until it is replicated`;
  }
  return undefined;
}

/** How far the jobs of an application are, as its replication status says it. Undefined where the jobs change nothing. */
export function replicationStatusOf(app: App, jobs: readonly ReplicationJob[]): App['replicationStatus'] | undefined {
  const working = jobs.some(({ activeRunId }) => activeRunId);
  const unsettled = Boolean(app.replicationAction) || jobs.length < Object.keys(app.replicationJobIds).length;

  switch (app.replicationStatus) {
    case 'REPLICATION_PENDING':
      return working || jobs.some(hasTried) ? 'REPLICATION_IN_PROGRESS' : undefined;
    case 'REPLICATION_IN_PROGRESS':
    case 'PARTIALLY_REPLICATED':
    case 'REPLICATION_FAILED':
      return unsettled || jobs.length === 0 || !jobs.every(hasTried) ? undefined : outcomeOfFirstRuns(app, jobs);
    case 'REPLICATED':
    case 'DELTA_REPLICATED':
    case 'DELTA_REPLICATION_FAILED':
      return working ? 'DELTA_REPLICATION_IN_PROGRESS' : undefined;
    case 'DELTA_REPLICATION_IN_PROGRESS':
      if (working || unsettled) return undefined;
      return jobs.some(({ consecutiveFailures }) => consecutiveFailures > 0)
        ? 'DELTA_REPLICATION_FAILED'
        : 'DELTA_REPLICATED';
    default:
      return undefined;
  }
}

/** The first run of the job has ended, well or not. */
const hasTried = ({ latestAmiId, consecutiveFailures, activeRunId, state }: ReplicationJob) =>
  latestAmiId !== undefined || (consecutiveFailures > 0 && !activeRunId) || state === 'FAILED' || state === 'DELETED';

function outcomeOfFirstRuns(app: App, jobs: readonly ReplicationJob[]): App['replicationStatus'] | undefined {
  const replicated = jobs.filter(({ latestAmiId }) => latestAmiId !== undefined).length;
  const outcome =
    replicated === jobs.length ? 'REPLICATED' : replicated > 0 ? 'PARTIALLY_REPLICATED' : 'REPLICATION_FAILED';
  return outcome === app.replicationStatus ? undefined : outcome;
}

/** Gives servers to, or takes them from, an application. */
export const inApp = (server: Server, appId: string | undefined): Change<'Server'> => {
  const { appId: _, ...rest } = server;
  return unchanged('Server', appId === undefined ? rest : { ...rest, appId });
};
