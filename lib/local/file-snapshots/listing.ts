import { blocksOf } from '../../snapshots.ts';
import { CHUNK, type Manifests } from './manifests.ts';
import type { SnapshotRow } from './snapshot-row.ts';
import { digestAt, isAbsent } from './uses.ts';

export interface ListedBlock {
  readonly index: number;
  readonly digest: Buffer;
}

/** A block that differs between two snapshots; a digest is missing where its snapshot has no such block. */
export interface ChangedBlock {
  readonly index: number;
  readonly first?: Buffer;
  readonly second?: Buffer;
}

/** What was found in the blocks before `end`: also nothing, so that a caller can stop after so much looking. */
export interface Part<Block> {
  readonly blocks: readonly Block[];
  readonly end: number;
}

/** The blocks of a snapshot that are not absent, from index `from` on, part by part. */
export async function* listBlocks(
  manifests: Manifests,
  { id, spec }: SnapshotRow,
  from: number,
): AsyncGenerator<Part<ListedBlock>> {
  for (let start = from; start < blocksOf(spec.sizeGiB); start += CHUNK) {
    const digests = await manifests.read(id, start);
    const blocks: ListedBlock[] = [];
    for (let position = 0; position < CHUNK; position++) {
      const digest = digestAt(digests, position);
      if (!isAbsent(digest)) blocks.push({ index: start + position, digest });
    }
    yield { blocks, end: start + CHUNK };
  }
}

/** The blocks that differ between two snapshots, from index `from` on, part by part. */
export async function* listChanges(
  manifests: Manifests,
  [first, second]: readonly [SnapshotRow, SnapshotRow],
  from: number,
): AsyncGenerator<Part<ChangedBlock>> {
  const blocks = blocksOf(Math.max(first.spec.sizeGiB, second.spec.sizeGiB));
  for (let start = from; start < blocks; start += CHUNK) {
    const [before, after] = [await manifests.read(first.id, start), await manifests.read(second.id, start)];
    yield { blocks: before.equals(after) ? [] : [...differences(before, after, start)], end: start + CHUNK };
  }
}

function* differences(before: Buffer, after: Buffer, start: number): Generator<ChangedBlock> {
  for (let position = 0; position < CHUNK; position++) {
    const [first, second] = [digestAt(before, position), digestAt(after, position)];
    if (first.equals(second)) continue;
    yield {
      index: start + position,
      ...(isAbsent(first) ? {} : { first }),
      ...(isAbsent(second) ? {} : { second }),
    };
  }
}
