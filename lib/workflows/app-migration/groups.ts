import { GetAppCommand } from '@aws-sdk/client-sms';
import type { PlannedGroup } from './plan.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** The groups of the plan with the ids that the application gave them and their servers. */
export async function groupsOf(input: MigrationInput, { sms }: MigrationServices) {
  const { serverGroups = [] } = await sms.send(new GetAppCommand({ appId: appIdOf(input) }));
  return input.plan.serverGroups.map((planned: PlannedGroup) => {
    const group = serverGroups.find(({ name }) => name === planned.name);
    const idOf = (name: string) => group?.serverList?.find(({ vmServer }) => vmServer?.vmName === name)?.serverId;
    return {
      planned,
      serverGroupId: group?.serverGroupId,
      servers: planned.servers.map((server) => ({ planned: server, serverId: idOf(server.name) })),
    };
  });
}
