import {
  CreateAppCommand,
  GetAppCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
  PutAppLaunchConfigurationCommand,
  PutAppReplicationConfigurationCommand,
  type ServerLaunchConfiguration,
  StartAppReplicationCommand,
  type Tag,
} from '@aws-sdk/client-sms';
import type { Started } from './start.ts';

/** An application of a started service, with the ids that its calls need. */
export interface TestApp {
  readonly appId: string;
  readonly groups: readonly { readonly serverGroupId: string; readonly serverIds: readonly string[] }[];
  summary(): ReturnType<typeof summaryOf>;
}

/** Imports the catalog; answers the servers' ids by name. `settle` lets the service do its work. */
export async function importCatalog({ sms }: Started, settle: () => Promise<unknown>): Promise<Map<string, string>> {
  await sms.send(new ImportServerCatalogCommand({}));
  await settle();
  const { serverList = [] } = await sms.send(new GetServersCommand({}));
  return new Map(serverList.map(({ serverId, vmServer }) => [vmServer!.vmName!, serverId!]));
}

/** Creates an application of groups of servers. */
export async function createApp(
  started: Started,
  { name = 'shop', groups, ...more }: { name?: string; groups: readonly (readonly string[])[]; tags?: Tag[] } & object,
): Promise<TestApp> {
  const { appSummary, serverGroups = [] } = await started.sms.send(
    new CreateAppCommand({
      name,
      serverGroups: groups.map((serverIds, index) => ({
        name: `tier-${index + 1}`,
        serverList: serverIds.map((serverId) => ({ serverId })),
      })),
      ...more,
    }),
  );
  const appId = appSummary!.appId!;
  return {
    appId,
    groups: serverGroups.map(({ serverGroupId, serverList = [] }) => ({
      serverGroupId: serverGroupId!,
      serverIds: serverList.map(({ serverId }) => serverId!),
    })),
    summary: () => summaryOf(started, appId),
  };
}

const summaryOf = async ({ sms }: Started, appId: string) => (await sms.send(new GetAppCommand({ appId }))).appSummary!;

export const putReplication = ({ sms }: Started, { appId, groups }: TestApp, parameters: object = { runOnce: true }) =>
  sms.send(
    new PutAppReplicationConfigurationCommand({
      appId,
      serverGroupReplicationConfigurations: groups.map(({ serverGroupId, serverIds }) => ({
        serverGroupId,
        serverReplicationConfigurations: serverIds.map((serverId) => ({
          server: { serverId },
          serverReplicationParameters: parameters,
        })),
      })),
    }),
  );

export const putLaunch = (
  { sms }: Started,
  { appId, groups }: TestApp,
  { autoLaunch, ...settings }: ServerLaunchConfiguration & { autoLaunch?: boolean } = {},
) =>
  sms.send(
    new PutAppLaunchConfigurationCommand({
      appId,
      ...(autoLaunch === undefined ? {} : { autoLaunch }),
      serverGroupLaunchConfigurations: groups.map(({ serverGroupId, serverIds }, index) => ({
        serverGroupId,
        launchOrder: index + 1,
        serverLaunchConfigurations: serverIds.map((serverId, position) => ({
          server: { serverId },
          logicalId: `Server${index + 1}x${position + 1}`,
          instanceType: 't3.small',
          ...settings,
        })),
      })),
    }),
  );

/** An application that is configured and replicated. */
export async function replicatedApp(
  started: Started,
  settle: () => Promise<unknown>,
  options: { groups: readonly (readonly string[])[]; replication?: object; launch?: object } & object,
): Promise<TestApp> {
  const { replication, launch, ...rest } = options;
  const app = await createApp(started, rest);
  await putReplication(started, app, replication);
  await putLaunch(started, app, launch);
  await started.sms.send(new StartAppReplicationCommand({ appId: app.appId }));
  await settle();
  return app;
}
