import { PutAppLaunchConfigurationCommand } from '@aws-sdk/client-sms';
import { groupsOf } from './groups.ts';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** Puts the plan's launch settings: the order of the groups, and for each server its own settings over the common ones. */
export async function putLaunchConfiguration(input: MigrationInput, services: MigrationServices): Promise<null> {
  const { roleName, ...common } = input.plan.launch ?? {};
  const groups = await groupsOf(input, services);
  const logicalIds = uniqueLogicalIds(
    input.plan.serverGroups.flatMap(({ servers }) => servers.map(({ name }) => name)),
  );
  const serverGroupLaunchConfigurations = groups.map(({ planned: { launchOrder }, serverGroupId, servers }) => ({
    serverGroupId,
    launchOrder,
    serverLaunchConfigurations: servers.map(({ planned: { name, ...own }, serverId }) => ({
      ...common,
      ...own,
      server: { serverId },
      logicalId: logicalIds.get(name),
    })),
  }));
  await services.sms.send(
    new PutAppLaunchConfigurationCommand({ appId: appIdOf(input), roleName, serverGroupLaunchConfigurations }),
  );
  await recordStep(input, 'LAUNCH_CONFIGURED', services);
  return null;
}

/** A logical id for each name, in letters and digits: `db-1` becomes `Db1`; the second that does becomes `Db1x2`. */
export function uniqueLogicalIds(names: readonly string[]): Map<string, string> {
  const used = new Map<string, number>();
  return new Map(
    names.map((name) => {
      const words = name.split(/[^A-Za-z0-9]+/).filter(Boolean);
      const id = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('') || 'Server';
      const count = (used.get(id) ?? 0) + 1;
      used.set(id, count);
      return [name, count === 1 ? id : `${id}x${count}`];
    }),
  );
}
