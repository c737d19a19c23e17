import { DIGEST_SIZE } from '../../replication/digest.ts';
import type { Delta } from './catalog.ts';

/** Stands in a manifest for a block that no snapshot of the chain wrote. */
const ABSENT = Buffer.alloc(DIGEST_SIZE);

export const isAbsent = (digest: Buffer) => digest.equals(ABSENT);

export const digestAt = (digests: Buffer, position: number) =>
  digests.subarray(position * DIGEST_SIZE, (position + 1) * DIGEST_SIZE);

/**
 * How uses change when a snapshot is removed, over the same range of the manifests of it, its parent and its children: its own stop to count, and the
 * children's count against the parent's from now on.
 */
export function* removalDeltas(removed: Buffer, parent: Buffer, children: readonly Buffer[]): Generator<Delta> {
  if (removed.equals(parent)) return;
  for (let position = 0; position * DIGEST_SIZE < removed.length; position++) {
    const own = digestAt(removed, position);
    const above = digestAt(parent, position);
    if (own.equals(above)) continue;
    const deltas: Delta[] = isAbsent(own) ? [] : [[own, -1]];
    for (const digests of children) {
      const digest = digestAt(digests, position);
      if (isAbsent(digest)) continue;
      const by = Number(!digest.equals(above)) - Number(!digest.equals(own));
      if (by !== 0) deltas.push([digest, by]);
    }
    yield* merged(deltas);
  }
}

/** How uses change when a put of a pending snapshot becomes part of its manifest, which held `inherited` there. */
export function* sealDeltas(put: Buffer, inherited: Buffer, parent: Buffer): Generator<Delta> {
  if (put.equals(parent)) yield [put, -1];
  if (!isAbsent(inherited) && !inherited.equals(parent)) yield [inherited, -1];
}

/** Most of what a removed snapshot held is held on by its child: then nothing changes, and nothing is written. */
function* merged(deltas: readonly Delta[]): Generator<Delta> {
  const [first, second] = deltas;
  if (deltas.length === 2 && first![0].equals(second![0])) {
    if (first![1] + second![1] !== 0) yield [first![0], first![1] + second![1]];
  } else yield* deltas;
}
