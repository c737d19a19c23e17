import type { ImportServerCatalogRequest, ImportServerCatalogResponse } from '@aws-sdk/client-sms';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { noConnectorsAvailable } from '../../errors.ts';
import { findCatalog } from '../find.ts';

/** Asks the connectors for their servers, by the `catalog-import` workflow. A second call while one is under way does nothing. */
export async function importServerCatalog(
  _: ImportServerCatalogRequest,
  { store, clock }: Services,
): Promise<ImportServerCatalogResponse> {
  const { items: connectors } = await store.query('Connector', { index: 'all', partition: 'all' });
  if (!connectors.some(({ status }) => status === 'HEALTHY')) {
    throw noConnectorsAvailable(
      'no healthy connector; start one (`rehost up --source images:FOLDER`), GetConnectors shows their state',
    );
  }
  const catalog = await findCatalog({ store });
  if (catalog.status === 'IMPORTING') return {};
  const set = { importNumber: catalog.importNumber + 1, importedFrom: catalog.status };
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['Server Catalog', 'IMPORTING'], { at: clock.now(), set }),
  ]);
  return {};
}
