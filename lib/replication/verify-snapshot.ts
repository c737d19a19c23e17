import type { Verification } from '../config.ts';
import type { SnapshotId, Snapshots } from '../snapshots.ts';
import type { BlockSet } from './block-set.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';

/** Blocks of a snapshot that are read back, spread over it. The store verified every block as it came; this is to find a store that loses them. */
const SAMPLES = 16;
/** Blocks that are read at once. A read of EBS takes as long as a put. */
const READS = 16;

export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

export interface Expected {
  readonly manifest: Manifest;
  /** The blocks that were put into the snapshot itself. */
  readonly put: BlockSet;
  readonly parent?: SnapshotId;
}

export interface VerifyOptions {
  readonly snapshots: Snapshots;
  readonly verification: Verification;
  readonly progress: Pick<Progress, 'block'>;
  readonly signal?: AbortSignal;
}

/**
 * Compares a sealed snapshot with what it should hold: its listing, and what it changed of its parent; then, as told, no bytes, a sample of them, or all.
 * Throws VerificationError.
 */
export async function verifySnapshot(id: SnapshotId, expected: Expected, options: VerifyOptions): Promise<void> {
  const { snapshots, verification } = options;
  if (expected.parent !== undefined) await verifyChanges(snapshots, [expected.parent, id], expected.put);
  const isChosen = CHOICES[verification](expected.manifest.blocks, id);
  const reading = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const { index, token } of verifiedListing(snapshots, id, expected.manifest)) {
      if (failures.length > 0) break;
      if (!isChosen(index)) continue;
      options.signal?.throwIfAborted();
      if (reading.size >= READS) await Promise.race(reading);
      const read: Promise<void> = verifyBlock({ id, index, token }, expected.manifest, options)
        .catch((error) => void failures.push(error))
        .finally(() => reading.delete(read));
      reading.add(read);
    }
  } finally {
    await Promise.all(reading);
  }
  if (failures.length > 0) throw failures[0];
}

/** Which of the listed blocks are read, by the number of blocks of the disk. */
const CHOICES: Readonly<Record<Verification, (blocks: number, id: SnapshotId) => (index: number) => boolean>> = {
  listing: () => () => false,
  full: () => () => true,
  samples(blocks, id) {
    const step = Math.max(1, Math.floor(blocks / SAMPLES));
    // Other blocks in every snapshot: its id is as good as chance.
    let due = Number.parseInt(id.slice(-6), 16) % step;
    return (index) => {
      if (index < due) return false;
      due = index + step;
      return true;
    };
  },
};

async function verifyBlock(
  { id, index, token }: { id: SnapshotId; index: number; token: string },
  manifest: Manifest,
  { snapshots, progress, signal }: VerifyOptions,
) {
  const { sha256 } = await snapshots.read(id, index, token, signal);
  if (!sha256.equals(manifest.at(index)))
    throw new VerificationError(
      `block ${index} of snapshot ${id} is not what was put; copy again, and check the store`,
    );
  progress.block();
}

/** The listing, which has to have exactly the blocks of the manifest. */
async function* verifiedListing(snapshots: Snapshots, id: SnapshotId, manifest: Manifest) {
  let next = manifest.next(0);
  for await (const listed of snapshots.list(id)) {
    if (listed.index !== next)
      throw new VerificationError(
        `snapshot ${id} ${next >= 0 && next < listed.index ? `lacks block ${next}` : `has a block ${listed.index} that was never put`}; copy again`,
      );
    yield listed;
    next = manifest.next(next + 1);
  }
  if (next >= 0) throw new VerificationError(`snapshot ${id} lacks block ${next}; copy again`);
}

async function verifyChanges(snapshots: Snapshots, [parent, id]: [SnapshotId, SnapshotId], put: BlockSet) {
  for await (const { index } of snapshots.changed(parent, id))
    if (!put.has(index))
      throw new VerificationError(`block ${index} of ${id} differs from ${parent} but was not put; copy again`);
}
