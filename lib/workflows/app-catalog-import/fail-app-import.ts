import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';

/** Gives the application catalog back as not imported, with the reason. Applications that were made stay. */
export async function failAppImport(
  { appImportNumber, failure }: { appImportNumber: number; failure: Failure },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const catalog = await store.get('ServerCatalog', 'catalog');
  if (catalog?.appCatalogStatus !== 'IMPORTING' || catalog.appImportNumber !== appImportNumber) return {};
  const reason = describeFailure(failure);
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['App Catalog', 'NOT_IMPORTED'], {
      at: clock.now(),
      reason,
      set: { appCatalogMessage: reason },
    }),
  ]);
  return {};
}
