import type { Server } from '../../domain/entities.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { DAY } from '../../domain/time.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { eachPage } from '../../store.ts';

/** Makes the catalog available, without the servers that this import did not see; those with a job or an application stay. */
export async function completeImport(
  { importNumber }: { importNumber: number },
  services: Services,
): Promise<{ expiresAt: string }> {
  const { store, clock, config } = services;
  for await (const servers of eachPage(store, 'Server', { index: 'all', partition: 'all', limit: 50 })) {
    const gone: Server[] = [];
    for (const server of servers)
      if (server.importNumber < importNumber && !(await isUsed(server, services))) gone.push(server);
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
    await store.transact([
      advance(unchanged('ServerCatalog', rest), ['Server Catalog', 'AVAILABLE'], { at, set: { lastModifiedOn: at } }),
    ]);
  }
  return { expiresAt: new Date(at + config.limits.catalogDays * DAY).toISOString() };
}

async function isUsed({ appId, replicationJobId }: Server, { store }: Services): Promise<boolean> {
  if (appId) return true;
  const job = replicationJobId ? await store.get('ReplicationJob', replicationJobId) : undefined;
  return job !== undefined && !isEnded(job);
}
