import type {
  GetAppReplicationConfigurationRequest,
  GetAppReplicationConfigurationResponse,
  ServerReplicationConfiguration as ServerReplicationOutput,
} from '@aws-sdk/client-sms';
import type { ServerReplicationConfiguration } from '../../../domain/app-configuration.ts';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { serverById } from '../outputs.ts';

export async function getAppReplicationConfiguration(
  { appId }: GetAppReplicationConfigurationRequest,
  services: Services,
): Promise<GetAppReplicationConfigurationResponse> {
  const { replicationConfiguration = [], serverGroups } = await findApp(appId, services);
  const ofGroup = (serverIds: readonly string[]) =>
    replicationConfiguration.filter(({ serverId }) => serverIds.includes(serverId));
  const groups = serverGroups.filter(({ serverIds }) => ofGroup(serverIds).length > 0);
  return {
    serverGroupReplicationConfigurations: await Promise.all(
      groups.map(async ({ serverGroupId, serverIds }) => ({
        serverGroupId,
        serverReplicationConfigurations: await Promise.all(ofGroup(serverIds).map((one) => output(one, services))),
      })),
    ),
  };
}

async function output(
  { serverId, parameters: { seedTime, ...parameters } }: ServerReplicationConfiguration,
  services: Services,
): Promise<ServerReplicationOutput> {
  return {
    server: await serverById(serverId, services),
    serverReplicationParameters: { ...parameters, ...(seedTime === undefined ? {} : { seedTime: new Date(seedTime) }) },
  };
}
