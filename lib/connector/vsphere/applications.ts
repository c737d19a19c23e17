import type { DiscoveredApplication } from '../../ports.ts';
import { inventoryOf } from './properties.ts';
import type { VimSession } from './vim-session.ts';
import { withoutCodes } from './virtual-machine.ts';
import { children, textOf, type Xml } from './xml.ts';

const PATHS = ['name', 'vm', 'vAppConfig.entityConfig', 'vAppConfig.annotation'];
/** Of a vApp's entities: those that are not virtual machines are vApps of their own. */
const MACHINE = 'VirtualMachine';

/**
 * A vApp is vCenter's own word for servers that belong together: each is an application, and its start order makes the groups. Folders and tags say
 * who owns a server, or how it is backed up, as often as what it is for; they are left to `rehost migrate`'s file.
 */
export async function* vAppsOf(session: VimSession): AsyncGenerator<DiscoveredApplication> {
  for await (const { ref, properties } of inventoryOf(session, { VirtualApp: PATHS })) {
    const order = startOrder(properties.get('vAppConfig.entityConfig'));
    const groups = new Map<number, string[]>();
    for (const vm of children(properties.get('vm'), 'ManagedObjectReference')) {
      const vmId = textOf(vm) ?? '';
      const position = order.get(vmId) ?? 0;
      groups.set(position, [...(groups.get(position) ?? []), vmId]);
    }
    if (groups.size === 0) continue;
    const description = textOf(properties.get('vAppConfig.annotation'));
    yield {
      id: ref.id,
      name: withoutCodes(textOf(properties.get('name')) ?? ref.id),
      ...(description ? { description } : {}),
      serverGroups: [...groups]
        .sort(([a], [b]) => a - b)
        .map(([position, vmIds]) => ({ name: `start-order-${position}`, vmIds })),
    };
  }
}

const startOrder = (config: Xml | undefined) =>
  new Map(
    children(config, 'VAppEntityConfigInfo')
      .filter((entity) => textOf(entity, 'key', '@type') === MACHINE)
      .map((entity) => [textOf(entity, 'key'), Number(textOf(entity, 'startOrder') ?? 0)]),
  );
