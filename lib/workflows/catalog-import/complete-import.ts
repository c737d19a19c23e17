import type { Server } from '../../domain/entities.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { DAY } from '../../domain/time.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { eachPage } from '../../store.ts';
import type { Collected } from './collect-servers.ts';

/**
 * Makes the catalog available, without the servers that this import did not see; those with a job or an application stay, and so do those of connectors
 * that were silent: that nobody sees them for a while does not mean that they are gone.
 */
export async function completeImport(
  { importNumber, collected: { silent = [] } }: { importNumber: number; collected: Partial<Collected> },
  services: Services,
): Promise<{ expiresAt: string }> {
  const { store, clock, config } = services;
  // Nothing is known of the connectors that an earlier version asked.
  const unseen = new Set(silent.map(({ vmManagerId }) => vmManagerId));
  const isGone = async (server: Server) =>
    server.importNumber < importNumber &&
    !unseen.has(server.vmServer.vmServerAddress.vmManagerId) &&
    !(await isUsed(server, services));
  for await (const servers of eachPage(store, 'Server', { index: 'all', partition: 'all', limit: 50 })) {
    const gone: Server[] = [];
    for (const server of servers) if (await isGone(server)) gone.push(server);
    if (gone.length > 0)
      await store.transact(
        [],
        gone.map((entity) => ({ kind: 'Server', entity })),
      );
  }
  const at = clock.now();
  const catalog = await store.get('ServerCatalog', 'catalog');
  if (catalog?.status === 'IMPORTING' && catalog.importNumber === importNumber) {
    const { statusMessage: _, ...rest } = catalog;
    const reason = reasonOf(silent);
    await store.transact([
      advance(unchanged('ServerCatalog', rest), ['Server Catalog', 'AVAILABLE'], {
        at,
        ...(reason ? { reason } : {}),
        set: { lastModifiedOn: at, ...(reason ? { statusMessage: reason } : {}) },
      }),
    ]);
  }
  return { expiresAt: new Date(at + config.limits.catalogDays * DAY).toISOString() };
}

const reasonOf = (silent: Collected['silent']): string | undefined =>
  silent.length === 0
    ? undefined
    : `not asked, since UNHEALTHY: ${silent.map(({ id }) => id).join(', ')}; servers of such connectors are as they were seen last`;

async function isUsed({ appId, replicationJobId }: Server, { store }: Services): Promise<boolean> {
  if (appId) return true;
  const job = replicationJobId ? await store.get('ReplicationJob', replicationJobId) : undefined;
  return job !== undefined && !isEnded(job);
}
