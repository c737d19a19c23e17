import type {
  PutAppLaunchConfigurationRequest,
  PutAppLaunchConfigurationResponse,
  ServerGroupLaunchConfiguration,
  ServerLaunchConfiguration as ServerLaunchInput,
} from '@aws-sdk/client-sms';
import { launchConfigured } from '../../../domain/app.ts';
import type { LaunchConfiguration, ServerLaunchConfiguration } from '../../../domain/app-configuration.ts';
import type { App, ServerGroup } from '../../../domain/entities.ts';
import { RESERVED_LOGICAL_IDS } from '../../../domain/template.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter, missingRequiredParameter } from '../../errors.ts';
import { groupOfApp, serverOfGroup } from '../app-members.ts';
import { findLiveApp } from '../find.ts';
import { guardLaunchConfiguration } from '../guards.ts';
import { launchConfigurationProblem } from '../launch-configuration-problem.ts';
import { readLocation } from '../s3-location.ts';

export async function putAppLaunchConfiguration(
  {
    appId,
    roleName,
    autoLaunch = false,
    serverGroupLaunchConfigurations: groups = [],
  }: PutAppLaunchConfigurationRequest,
  services: Services,
): Promise<PutAppLaunchConfigurationResponse> {
  const app = await findLiveApp(appId, services);
  guardLaunchConfiguration(app);
  const configuration: LaunchConfiguration = {
    ...(roleName === undefined ? {} : { roleName }),
    autoLaunch,
    groups: groups.map((group, index) => readGroup(group, { app, index })),
  };
  refuseRepeated(configuration);
  const problem = await launchConfigurationProblem(configuration, services);
  const change = unchanged('App', app);
  await services.store.transact([launchConfigured(change, { configuration, problem }, services.clock.now())]);
  return {};
}

function readGroup(
  { serverGroupId, launchOrder = 1, serverLaunchConfigurations: servers = [] }: ServerGroupLaunchConfiguration,
  { app, index }: { app: App; index: number },
): LaunchConfiguration['groups'][number] {
  const path = `serverGroupLaunchConfigurations[${index}]`;
  const group = groupOfApp(app, serverGroupId, path);
  if (launchOrder < 0)
    throw invalidParameter(`${path}.launchOrder: ${launchOrder}; groups start in ascending order from 0`);
  return {
    serverGroupId: group.serverGroupId,
    launchOrder,
    servers: servers.map((server, position) =>
      readServer(server, { group, path: `${path}.serverLaunchConfigurations[${position}]` }),
    ),
  };
}

function readServer(
  input: ServerLaunchInput,
  { group, path }: { group: ServerGroup; path: string },
): ServerLaunchConfiguration {
  const { server, logicalId, userData, configureScript, ...rest } = input;
  const serverId = serverOfGroup(group, server?.serverId, path);
  if (!logicalId)
    throw missingRequiredParameter(
      `${path}.logicalId is required: the name of the server's resource in the template, letters and digits`,
    );
  if (!/^[A-Za-z0-9]{1,255}$/.test(logicalId)) {
    throw invalidParameter(
      `${path}.logicalId: ${logicalId} is not a CloudFormation logical id; use letters and digits only`,
    );
  }
  if (RESERVED_LOGICAL_IDS.includes(logicalId))
    throw invalidParameter(`${path}.logicalId: ${logicalId} is a resource of the template itself; use another name`);
  if (configureScript && !rest.configureScriptType) {
    throw missingRequiredParameter(
      `${path}.configureScriptType is required with configureScript: SHELL_SCRIPT or POWERSHELL_SCRIPT`,
    );
  }
  const script = readLocation(configureScript, `${path}.configureScript`);
  const data = readLocation(userData?.s3Location, `${path}.userData.s3Location`);
  return {
    ...definedOnly(rest),
    serverId,
    logicalId,
    ...(script ? { configureScript: script } : {}),
    ...(data ? { userData: { s3Location: data } } : {}),
  };
}

const definedOnly = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [M in keyof T]?: NonNullable<T[M]>;
  };

function refuseRepeated({ groups }: LaunchConfiguration) {
  const servers = groups.flatMap((group) => group.servers);
  for (const member of ['serverId', 'logicalId'] as const) {
    const twice = servers.find((one, index) => servers.findIndex((other) => other[member] === one[member]) !== index);
    if (twice)
      throw invalidParameter(`${member} ${twice[member]} is configured twice; each server and logical id stands once`);
  }
}
