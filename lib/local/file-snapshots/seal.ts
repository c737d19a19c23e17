import { createHash } from 'node:crypto';
import { blocksOf, IncompleteSnapshotError } from '../../snapshots.ts';
import type { Catalog, Delta } from './catalog.ts';
import { CHUNK, type Manifests } from './manifests.ts';
import type { AnnouncedSeal, Seal, SnapshotRow } from './snapshot-row.ts';
import { digestAt, removalDeltas, sealDeltas } from './uses.ts';

interface Tables {
  readonly catalog: Catalog;
  readonly manifests: Manifests;
}

/** Counts and sums what was put into a pending snapshot. */
export function sumOf(catalog: Catalog, { id, spec }: SnapshotRow): Seal {
  const hash = createHash('sha256');
  let written = 0;
  for (let first = 0; first < blocksOf(spec.sizeGiB); first += CHUNK) {
    for (const { digest } of catalog.puts(id, first, first + CHUNK)) {
      hash.update(digest);
      written++;
    }
  }
  return { written, linear: hash.digest() };
}

/** Throws IncompleteSnapshotError when the store does not hold what was announced. */
export function demandSameSeal(id: string, held: Seal, announced: AnnouncedSeal): void {
  if (held.written !== announced.written)
    throw new IncompleteSnapshotError(
      `snapshot ${id} holds ${held.written} blocks, ${announced.written} were announced; remove it and copy again`,
    );
  if (announced.linear && !held.linear.equals(announced.linear))
    throw new IncompleteSnapshotError(
      `the ${held.written} blocks of snapshot ${id} do not add up to the checksum; remove it and copy again`,
    );
}

/** The snapshot's manifest, chunk by chunk: what it inherited, and over that what was put. Adds to `deltas` how the uses change by it. */
export async function* wholeManifest({ catalog, manifests }: Tables, snapshot: SnapshotRow, deltas: Delta[]) {
  const blocks = blocksOf(snapshot.spec.sizeGiB);
  for (let first = 0; first < blocks; first += CHUNK) {
    const count = Math.min(CHUNK, blocks - first);
    const inherited = await manifests.read(snapshot.id, first, count);
    const parent = await manifests.read(snapshot.parent, first, count);
    const whole = Buffer.from(inherited);
    for (const { index, digest } of catalog.puts(snapshot.id, first, first + count)) {
      const position = index - first;
      digest.copy(digestAt(whole, position));
      deltas.push(...sealDeltas(digest, digestAt(inherited, position), digestAt(parent, position)));
    }
    yield whole;
  }
}

/** Releases what a removed snapshot used, step by step, from where an earlier process ended. Returns the slots that fell free. */
export async function release({ catalog, manifests }: Tables, snapshot: SnapshotRow): Promise<number[]> {
  const children = catalog.children(snapshot.id);
  for (let first = snapshot.released; first < blocksOf(snapshot.spec.sizeGiB); first += CHUNK) {
    const own = await manifests.read(snapshot.id, first);
    const parent = await manifests.read(snapshot.parent, first);
    const below = await Promise.all(children.map(({ id }) => manifests.read(id, first)));
    catalog.release(snapshot.id, first + CHUNK, removalDeltas(own, parent, below));
  }
  const freed = catalog.forget(snapshot);
  manifests.remove(snapshot.id);
  return freed;
}
