import type { DeleteServerCatalogRequest, DeleteServerCatalogResponse } from '@aws-sdk/client-sms';
import { isEnded } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { eachPage } from '../../../store.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findCatalog } from '../find.ts';

/** Empties the catalog. Refused while one of its servers is being replicated. */
export async function deleteServerCatalog(
  _: DeleteServerCatalogRequest,
  services: Services,
): Promise<DeleteServerCatalogResponse> {
  const { store, clock } = services;
  const catalog = await findCatalog({ store });
  if (catalog.status === 'IMPORTING') throw operationNotPermitted('the catalog is being imported; wait for its end');
  for await (const jobs of eachPage(store, 'ReplicationJob', { index: 'all', partition: 'all' })) {
    const active = jobs.find((job) => !isEnded(job));
    if (active)
      throw operationNotPermitted(
        `server ${active.serverId} is being replicated by ${active.id}; delete that job first`,
      );
  }
  if (catalog.status !== 'AVAILABLE' && catalog.status !== 'EXPIRED') return {};
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['Server Catalog', 'DELETED'], {
      at: clock.now(),
      set: { lastModifiedOn: clock.now() },
    }),
  ]);
  return {};
}
