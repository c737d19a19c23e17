import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import type { Imported } from './import-apps.ts';

/** Makes the application catalog available, and notes what was left out. */
export async function completeAppImport(
  { appImportNumber, imported: { leftOut } }: { appImportNumber: number; imported: Imported },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const catalog = await store.get('ServerCatalog', 'catalog');
  if (catalog?.appCatalogStatus !== 'IMPORTING' || catalog.appImportNumber !== appImportNumber) return {};
  const { appCatalogMessage: _, ...rest } = catalog;
  const reason = leftOut.join('; ');
  await store.transact([
    advance(unchanged('ServerCatalog', rest), ['App Catalog', 'AVAILABLE'], {
      at: clock.now(),
      ...(reason ? { reason, set: { appCatalogMessage: reason } } : {}),
    }),
  ]);
  return {};
}
