import { isDeepStrictEqual } from 'node:util';
import {
  GetAppReplicationConfigurationCommand,
  PutAppReplicationConfigurationCommand,
  type ServerGroupReplicationConfiguration,
} from '@aws-sdk/client-sms';
import { groupsOf } from './groups.ts';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** Puts the plan's replication settings, unless they stand already: an application that is being replicated takes no others. */
export async function putReplicationConfiguration(input: MigrationInput, services: MigrationServices): Promise<null> {
  const { sms } = services;
  const appId = appIdOf(input);
  const { replication = { runOnce: true } } = input.plan;
  const wanted: ServerGroupReplicationConfiguration[] = (await groupsOf(input, services)).map(
    ({ serverGroupId, servers }) => ({
      serverGroupId,
      serverReplicationConfigurations: servers.map(({ serverId }) => ({
        server: { serverId },
        serverReplicationParameters: { ...replication },
      })),
    }),
  );
  const { serverGroupReplicationConfigurations = [] } = await sms.send(
    new GetAppReplicationConfigurationCommand({ appId }),
  );
  if (!isDeepStrictEqual(essence(wanted), essence(serverGroupReplicationConfigurations))) {
    await sms.send(new PutAppReplicationConfigurationCommand({ appId, serverGroupReplicationConfigurations: wanted }));
  }
  await recordStep(input, 'REPLICATION_CONFIGURED', services);
  return null;
}

/** The parameters by server. */
const essence = (groups: readonly ServerGroupReplicationConfiguration[]) =>
  Object.fromEntries(
    groups.flatMap(({ serverReplicationConfigurations = [] }) =>
      serverReplicationConfigurations.map(({ server, serverReplicationParameters }) => [
        server?.serverId,
        { ...serverReplicationParameters },
      ]),
    ),
  );
