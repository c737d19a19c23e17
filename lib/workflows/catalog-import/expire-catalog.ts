import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

/** Marks the catalog as expired unless it was imported again or deleted. */
export async function expireCatalog(
  { importNumber }: { importNumber: number },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const catalog = await store.get('ServerCatalog', 'catalog');
  if (catalog?.status !== 'AVAILABLE' || catalog.importNumber !== importNumber) return {};
  const at = clock.now();
  await store.transact([
    advance(unchanged('ServerCatalog', catalog), ['Server Catalog', 'EXPIRED'], { at, set: { lastModifiedOn: at } }),
  ]);
  return {};
}
