import {
  type AppValidationConfiguration,
  GetAppValidationConfigurationCommand,
  PutAppValidationConfigurationCommand,
  type ServerGroupValidationConfiguration,
} from '@aws-sdk/client-sms';
import { groupsOf } from './groups.ts';
import type { PlannedSsmValidation, PlannedUserDataValidation } from './plan-validation.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** Puts the plan's validations in the place of those that the application has; without any in the plan those stay. One that has its name already keeps its id, and so its outcome. */
export async function putValidationConfiguration(input: MigrationInput, services: MigrationServices): Promise<null> {
  const { validation } = input.plan;
  if (!validation) return null;
  const { sms } = services;
  const appId = appIdOf(input);
  const ids = idsByName(await sms.send(new GetAppValidationConfigurationCommand({ appId })));
  const groups = await groupsOf(input, services);
  await sms.send(
    new PutAppValidationConfigurationCommand({
      appId,
      appValidationConfigurations: validation.ssm?.map((one) => ofSystemsManager(one, ids)),
      serverGroupValidationConfigurations: groups.map(({ serverGroupId, servers }) => ({
        serverGroupId,
        serverValidationConfigurations: (validation.userData ?? []).flatMap((one) => {
          const server = servers.find(({ planned }) => planned.name === one.server);
          return server ? [ofUserData(one, { serverId: server.serverId, ids })] : [];
        }),
      })),
    }),
  );
  return null;
}

/** Ids of validations by their names, and of those by user data by their servers as well: one that moves is another. */
type Ids = ReadonlyMap<string, string | undefined>;

const keyOf = (name: string | undefined, serverId = '') => `${serverId}/${name}`;

interface Configuration {
  readonly appValidationConfigurations?: AppValidationConfiguration[] | undefined;
  readonly serverGroupValidationConfigurations?: ServerGroupValidationConfiguration[] | undefined;
}

function idsByName({ appValidationConfigurations = [], serverGroupValidationConfigurations = [] }: Configuration): Ids {
  const ofServers = serverGroupValidationConfigurations.flatMap(({ serverValidationConfigurations: all = [] }) => all);
  return new Map([
    ...appValidationConfigurations.map(({ name, validationId }) => [keyOf(name), validationId] as const),
    ...ofServers.map(({ name, server, validationId }) => [keyOf(name, server?.serverId), validationId] as const),
  ]);
}

const ofSystemsManager = ({ name, s3Location, ...ssm }: PlannedSsmValidation, ids: Ids) => ({
  validationId: ids.get(keyOf(name)),
  name,
  appValidationStrategy: 'SSM' as const,
  ssmValidationParameters: { ...ssm, source: { s3Location } },
});

const ofUserData = (
  { name, s3Location, scriptType }: PlannedUserDataValidation,
  { serverId, ids }: { serverId: string | undefined; ids: Ids },
) => ({
  validationId: ids.get(keyOf(name, serverId)),
  name,
  server: { serverId },
  serverValidationStrategy: 'USERDATA' as const,
  userDataValidationParameters: { scriptType, source: { s3Location } },
});
