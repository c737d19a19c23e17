import { createHash } from 'node:crypto';
import type { Disk } from '../connector/source.ts';
import { BLOCK_SIZE, type Snapshots } from '../snapshots.ts';
import { DIGEST_SIZE, sha256 } from './digest.ts';
import type { Journal } from './journal.ts';

/** Blocks in flight: enough to keep two cores hashing while others read and write, and 2 MiB of memory. */
const WORKERS = 4;

const ZERO_BLOCK = Buffer.alloc(BLOCK_SIZE);
/** Stands in a manifest for a block of zeros, which is never hashed. */
const ZERO_DIGEST = Buffer.alloc(DIGEST_SIZE);

export interface CopyOptions {
  readonly snapshots: Snapshots;
  readonly snapshotId: string;
  /** The manifest of the parent snapshot: 32 bytes a block, zero bytes for a zero block. Empty for a full copy. */
  readonly baseline: Buffer;
  readonly journal: Journal;
  /** Called with the bytes looked at so far. */
  readonly onProgress: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface CopyResult {
  readonly manifest: Buffer;
  /** Blocks that this snapshot holds itself. */
  readonly written: number;
  /** SHA-256 over the digests of those blocks in ascending order: what the snapshot is sealed with. */
  readonly linear: Buffer;
}

/**
 * Copies the blocks of a disk that differ from the baseline: read, zero? hash once, same as before? put, journal. A block that became zero is put as
 * zeros, for the parent's would show through its absence.
 */
export async function copyDisk(disk: Disk, options: CopyOptions): Promise<CopyResult> {
  const { baseline, journal, signal, onProgress } = options;
  const blocks = Math.ceil(disk.size / BLOCK_SIZE);
  const manifest = Buffer.alloc(blocks * DIGEST_SIZE);
  let next = 0;
  let looked = 0;

  const work = async () => {
    const block = Buffer.allocUnsafe(BLOCK_SIZE);
    while (next < blocks) {
      signal?.throwIfAborted();
      const index = next++;
      const digest = await copyBlock(disk, { ...options, block, index, before: digestAt(baseline, index) });
      digest.copy(manifest, index * DIGEST_SIZE);
      onProgress(Math.min(disk.size, ++looked * BLOCK_SIZE));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));

  const written = [...journal.done.keys()].sort((a, b) => a - b);
  const linear = createHash('sha256');
  for (const index of written) linear.update(journal.done.get(index)!);
  return { manifest, written: written.length, linear: linear.digest() };
}

/** Looks at one block, and puts it where it differs. Answers its digest for the manifest. */
async function copyBlock(
  disk: Disk,
  {
    snapshots,
    snapshotId,
    journal,
    block,
    index,
    before,
  }: CopyOptions & { block: Buffer; index: number; before: Buffer },
): Promise<Buffer> {
  const offset = index * BLOCK_SIZE;
  await disk.read(offset, disk.size - offset < BLOCK_SIZE ? block.fill(0).subarray(0, disk.size - offset) : block);
  const zero = block.equals(ZERO_BLOCK);
  if (zero && before.equals(ZERO_DIGEST)) return ZERO_DIGEST;

  const digest = await sha256(block);
  const inManifest = zero ? ZERO_DIGEST : digest;
  if (inManifest.equals(before) || journal.done.get(index)?.equals(digest)) return inManifest;
  await snapshots.put(snapshotId, { index, data: block, sha256: digest });
  journal.add(index, digest);
  return inManifest;
}

function digestAt(manifest: Buffer, index: number): Buffer {
  const digest = manifest.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
  return digest.length === DIGEST_SIZE ? digest : ZERO_DIGEST;
}
