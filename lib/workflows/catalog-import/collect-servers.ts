import type { Connector, Server } from '../../domain/entities.ts';
import { serverIdOf } from '../../domain/server-catalog.ts';
import { type Change, unchanged } from '../../domain/transition.ts';
import type { DiscoveredServer, Services } from '../../ports.ts';

/** Servers written in one transaction, below the store's limit. */
const BATCH = 50;

export interface Collected {
  readonly servers: number;
  /** The connectors that could not be asked for the servers of their managers, and no other in their place. */
  readonly silent: readonly Pick<Connector, 'id' | 'vmManagerId'>[];
}

/** Writes the servers that the healthy connectors see into the catalog. A server keeps its id from import to import. */
export async function collectServers(
  { importNumber }: { importNumber: number },
  { store, connectors }: Services,
): Promise<Collected> {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  const healthy = items.filter(({ status }) => status === 'HEALTHY');
  let servers = 0;
  for (const connector of healthy) {
    let batch: DiscoveredServer[] = [];
    const write = async () => {
      const changes = await Promise.all(batch.map((found) => change(found, { connector, importNumber }, store)));
      await store.transact(changes);
      servers += batch.length;
      batch = [];
    };
    for await (const found of connectors.inventory(connector.id)) {
      batch.push(found);
      if (batch.length === BATCH) await write();
    }
    await write();
  }
  const asked = new Set(healthy.map(({ vmManagerId }) => vmManagerId));
  const silent = items.filter(({ status, vmManagerId }) => status === 'UNHEALTHY' && !asked.has(vmManagerId));
  return { servers, silent: silent.map(({ id, vmManagerId }) => ({ id, vmManagerId })) };
}

async function change(
  { vmId, vmName, vmPath }: DiscoveredServer,
  { connector, importNumber }: { connector: Connector; importNumber: number },
  store: Services['store'],
): Promise<Change<'Server'>> {
  const { vmManagerId, vmManagerName, vmManagerType } = connector;
  const id = serverIdOf(vmManagerId, vmId);
  const known =
    (await store.get('Server', id)) ?? ({ id, version: 0, sequence: 0, serverType: 'VIRTUAL_MACHINE' } as const);
  const vmServer = { vmServerAddress: { vmManagerId, vmId }, vmName, vmManagerName, vmManagerType, vmPath };
  return unchanged('Server', { ...known, vmServer, importNumber } satisfies Server);
}
