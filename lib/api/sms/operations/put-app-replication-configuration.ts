import type {
  PutAppReplicationConfigurationRequest,
  PutAppReplicationConfigurationResponse,
  ServerGroupReplicationConfiguration,
} from '@aws-sdk/client-sms';
import { replicationConfigurationProblem, replicationConfigured } from '../../../domain/app.ts';
import type { ServerReplicationConfiguration } from '../../../domain/app-configuration.ts';
import type { App } from '../../../domain/entities.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter } from '../../errors.ts';
import { groupOfApp, serverOfGroup } from '../app-members.ts';
import { findLiveApp } from '../find.ts';
import { guardReplicationConfiguration } from '../guards.ts';
import { readReplicationParameters, readSeedTime } from '../replication-parameters.ts';

export async function putAppReplicationConfiguration(
  { appId, serverGroupReplicationConfigurations: groups = [] }: PutAppReplicationConfigurationRequest,
  services: Services,
): Promise<PutAppReplicationConfigurationResponse> {
  const app = await findLiveApp(appId, services);
  await guardReplicationConfiguration(app, services);
  const configuration = groups.flatMap((group, index) => readGroup(group, { app, index, services }));
  refuseRepeated(configuration);
  const problem = replicationConfigurationProblem(app, configuration);
  const change = unchanged('App', app);
  await services.store.transact([replicationConfigured(change, { configuration, problem }, services.clock.now())]);
  return {};
}

function readGroup(
  { serverGroupId, serverReplicationConfigurations: servers = [] }: ServerGroupReplicationConfiguration,
  { app, index, services }: { app: App; index: number; services: Services },
): ServerReplicationConfiguration[] {
  const path = `serverGroupReplicationConfigurations[${index}]`;
  const group = groupOfApp(app, serverGroupId, path);
  return servers.map(({ server, serverReplicationParameters: { seedTime, ...parameters } = {} }, position) => {
    const at = `${path}.serverReplicationConfigurations[${position}]`;
    const serverId = serverOfGroup(group, server?.serverId, at);
    const seed = readSeedTime(seedTime, `${at}.serverReplicationParameters.seedTime`, services);
    return {
      serverId,
      parameters: {
        ...readReplicationParameters(parameters, `${at}.serverReplicationParameters.`, services),
        ...(seed === undefined ? {} : { seedTime: seed }),
      },
    };
  });
}

function refuseRepeated(configuration: readonly ServerReplicationConfiguration[]) {
  const twice = configuration.find(
    ({ serverId }, index) => configuration.findIndex((one) => one.serverId === serverId) !== index,
  );
  if (twice) throw invalidParameter(`server ${twice.serverId} is configured twice; name it once`);
}
