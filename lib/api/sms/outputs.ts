import type * as Sms from '@aws-sdk/client-sms';
import { serverIdsOf } from '../../domain/app.ts';
import type { LaunchConfiguration, ServerLaunchConfiguration } from '../../domain/app-configuration.ts';
import type {
  App,
  Connector,
  ReplicationJob,
  ReplicationRun,
  Server,
  ServerGroup,
  Tag,
  VmServer,
} from '../../domain/entities.ts';
import { progressText } from '../../domain/run-progress.ts';
import type { Services } from '../../ports.ts';

/** The entities as SMS shows them. Members that have no value are absent. */

const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));

export const vmServerOutput = ({ vmServerAddress, ...vmServer }: VmServer): Sms.VmServer => ({
  vmServerAddress: { ...vmServerAddress },
  ...vmServer,
});

export const serverOutput = (server: Server): Sms.Server => ({
  serverId: server.id,
  serverType: server.serverType,
  vmServer: vmServerOutput(server.vmServer),
  replicationJobId: server.replicationJobId,
  replicationJobTerminated: server.replicationJobId ? Boolean(server.replicationJobTerminated) : undefined,
});

export const connectorOutput = (connector: Connector): Sms.Connector => ({
  connectorId: connector.id,
  version: connector.connectorVersion,
  status: connector.status === 'HEALTHY' ? 'HEALTHY' : 'UNHEALTHY',
  capabilityList: [...connector.capabilityList],
  vmManagerName: connector.vmManagerName,
  vmManagerType: connector.vmManagerType,
  vmManagerId: connector.vmManagerId,
  ipAddress: connector.ipAddress,
  macAddress: connector.macAddress,
  associatedOn: date(connector.associatedOn),
});

export const runOutput = (run: ReplicationRun): Sms.ReplicationRun => ({
  replicationRunId: run.id,
  state: run.state,
  type: run.type,
  stageDetails: run.stage ? { stage: run.stage, stageProgress: run.stageProgress } : undefined,
  statusMessage: run.state === 'ACTIVE' && run.statusMessage ? progressText(run) : run.statusMessage,
  amiId: run.amiId,
  scheduledStartTime: date(run.scheduledStartTime),
  completedTime: date(run.completedTime),
  description: run.description,
  encrypted: run.encrypted,
  kmsKeyId: run.kmsKeyId,
});

export const jobOutput = (job: ReplicationJob, runs?: readonly ReplicationRun[]): Sms.ReplicationJob => ({
  replicationJobId: job.id,
  serverId: job.serverId,
  serverType: 'VIRTUAL_MACHINE',
  vmServer: vmServerOutput(job.vmServer),
  seedReplicationTime: date(job.seedReplicationTime),
  frequency: job.frequency,
  runOnce: job.runOnce,
  nextReplicationRunStartTime: date(job.nextReplicationRunStartTime),
  licenseType: job.licenseType,
  roleName: job.roleName,
  latestAmiId: job.latestAmiId,
  state: job.state,
  statusMessage: job.statusMessage,
  description: job.description,
  numberOfRecentAmisToKeep: job.numberOfRecentAmisToKeep,
  encrypted: job.encrypted,
  kmsKeyId: job.kmsKeyId,
  replicationRunList: runs?.map(runOutput),
});

export const appSummary = (app: App): Sms.AppSummary => ({
  appId: app.id,
  importedAppId: app.importedAppId,
  name: app.name,
  description: app.description,
  status: app.status,
  statusMessage: app.statusMessage,
  replicationConfigurationStatus: app.replicationConfiguration ? 'CONFIGURED' : 'NOT_CONFIGURED',
  replicationStatus: app.replicationStatus,
  replicationStatusMessage: app.replicationStatusMessage,
  latestReplicationTime: date(app.latestReplicationTime),
  launchConfigurationStatus: app.launchConfiguration ? 'CONFIGURED' : 'NOT_CONFIGURED',
  launchStatus: app.launchStatus,
  launchStatusMessage: app.launchStatusMessage,
  launchDetails: app.stack && {
    latestLaunchTime: date(app.stack.latestLaunchTime),
    stackName: app.stack.stackName,
    stackId: app.stack.stackId,
  },
  creationTime: date(app.creationTime),
  lastModified: date(app.lastModified),
  roleName: app.roleName,
  totalServerGroups: app.serverGroups.length,
  totalServers: serverIdsOf(app).length,
});

export const tagsOutput = (tags: readonly Tag[]): Sms.Tag[] => tags.map(({ key, value }) => ({ key, value }));

/** The groups with their servers as the catalog has them now; a server that is no longer there is shown by its id. */
export async function serverGroupsOutput(
  groups: readonly ServerGroup[],
  services: Pick<Services, 'store'>,
): Promise<Sms.ServerGroup[]> {
  return Promise.all(
    groups.map(async ({ serverGroupId, name, serverIds }) => ({
      serverGroupId,
      name,
      serverList: await Promise.all(serverIds.map((serverId) => serverById(serverId, services))),
    })),
  );
}

export async function serverById(serverId: string, { store }: Pick<Services, 'store'>): Promise<Sms.Server> {
  const server = await store.get('Server', serverId);
  return server ? serverOutput(server) : { serverId };
}

/** What CreateApp, UpdateApp and GetApp answer. */
export async function appOutput(app: App, services: Pick<Services, 'store'>) {
  return {
    appSummary: appSummary(app),
    serverGroups: await serverGroupsOutput(app.serverGroups, services),
    tags: tagsOutput(app.tags),
  };
}

export async function launchConfigurationOutput(
  { roleName, autoLaunch, groups }: LaunchConfiguration,
  services: Pick<Services, 'store'>,
): Promise<Omit<Sms.GetAppLaunchConfigurationResponse, 'appId'>> {
  return {
    roleName,
    autoLaunch,
    serverGroupLaunchConfigurations: await Promise.all(
      groups.map(async ({ serverGroupId, launchOrder, servers }) => ({
        serverGroupId,
        launchOrder,
        serverLaunchConfigurations: await Promise.all(servers.map((server) => serverLaunchOutput(server, services))),
      })),
    ),
  };
}

async function serverLaunchOutput(
  { serverId, ...configuration }: ServerLaunchConfiguration,
  services: Pick<Services, 'store'>,
): Promise<Sms.ServerLaunchConfiguration> {
  return { server: await serverById(serverId, services), ...configuration };
}
