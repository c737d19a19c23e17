import type { ImportAppCatalogRequest, ImportAppCatalogResponse } from '@aws-sdk/client-sms';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findCatalog } from '../find.ts';

/** Asks the connectors for the applications that they know, by the `app-catalog-import` workflow. */
export async function importAppCatalog(
  { roleName }: ImportAppCatalogRequest,
  services: Services,
): Promise<ImportAppCatalogResponse> {
  const { store, clock } = services;
  const catalog = await findCatalog(services);
  if (catalog.status !== 'AVAILABLE') {
    throw operationNotPermitted(
      `the server catalog is ${catalog.status}; import it with ImportServerCatalog first, applications are made of its servers`,
    );
  }
  if (catalog.appCatalogStatus === 'IMPORTING') return {};
  const detail = { ...(roleName ? { roleName } : {}) };
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['App Catalog', 'IMPORTING'], {
      at: clock.now(),
      set: { appImportNumber: catalog.appImportNumber + 1 },
      detail,
    }),
  ]);
  return {};
}
