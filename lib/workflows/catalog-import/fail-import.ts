import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';

/** Gives the catalog back: as it was available before, or as not imported. */
export async function failImport(
  { importNumber, failure }: { importNumber: number; failure: Failure },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const catalog = await store.get('ServerCatalog', 'catalog');
  if (catalog?.status !== 'IMPORTING' || catalog.importNumber !== importNumber) return {};
  const reason = describeFailure(failure);
  const back = catalog.importedFrom === 'AVAILABLE' ? 'AVAILABLE' : 'NOT_IMPORTED';
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['Server Catalog', back], {
      at: clock.now(),
      reason,
      set: { statusMessage: reason },
    }),
  ]);
  return {};
}
