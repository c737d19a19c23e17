import type { Disk } from '../connector/source.ts';
import { BLOCK_SIZE, type SnapshotId, type Snapshots } from '../snapshots.ts';
import { isZeroBlock, sha256 } from './digest.ts';
import { Journal } from './journal.ts';
import { Manifest } from './manifest.ts';
import { countBlocks } from './plan-blocks.ts';

/** Blocks in flight: enough to keep two cores hashing while others are read and written, for 2 MiB of memory. */
const WORKERS = 4;

export interface CopyOptions {
  readonly snapshots: Snapshots;
  /** The pending snapshot that takes the blocks. */
  readonly target: SnapshotId;
  /** Which blocks to look at: a byte per block (planBlocks). */
  readonly plan: Uint8Array;
  /** What the target's parent holds; none for a full copy. */
  readonly previous?: Manifest;
  /** Where the journal of this copy is. `header` names source, target and parent. */
  readonly journal: { readonly path: string; readonly header: string };
  /** Called for each block that was planned, when it has been looked at and put if need be. */
  readonly onBlock: () => void;
  readonly signal?: AbortSignal;
}

export interface CopyResult {
  /** What the target holds, what it inherits included. */
  readonly manifest: Manifest;
  /** With what the target is sealed: how many blocks were put into it, and the SHA-256 over their digests. */
  readonly seal: { readonly written: number; readonly linear: Buffer };
  /** A byte per block, 1 for those that were put, by this call or an interrupted one before. */
  readonly put: Uint8Array;
}

/**
 * Copies the blocks of a disk that differ from the previous copy: read, zero? hash once, same as before? put, note in the journal. A block that became
 * zero is put as zeros, for the parent's would show through its absence. Blocks that the journal names are not even read again.
 */
export async function copyDisk(disk: Disk, options: CopyOptions): Promise<CopyResult> {
  const { plan, previous, signal, onBlock } = options;
  const manifest = Manifest.from(previous, plan.length);
  const put = new Uint8Array(plan.length);
  const journal = Journal.open(options.journal.path, options.journal.header, (index, digest) => {
    manifest.set(index, digest);
    put[index] = 1;
  });
  try {
    await inParallel(WORKERS, blocksIn(plan), signal, async (index, block) => {
      if (!put[index] && (await copyBlock(disk, { ...options, manifest, journal, index, block }))) put[index] = 1;
      onBlock();
    });
  } finally {
    journal.close();
  }
  return { manifest, put, seal: { written: countBlocks(put), linear: manifest.linear(put) } };
}

type BlockOptions = Pick<CopyOptions, 'snapshots' | 'target'> & {
  readonly manifest: Manifest;
  readonly journal: Journal;
  readonly index: number;
  readonly block: Buffer;
};

/** Looks at one block, and puts it if the manifest says something else. Answers whether it was put. */
async function copyBlock(disk: Disk, { snapshots, target, manifest, journal, index, block }: BlockOptions) {
  const offset = index * BLOCK_SIZE;
  const length = Math.min(BLOCK_SIZE, disk.size - offset);
  await disk.read(offset, block.subarray(0, length));
  block.fill(0, length);
  if (!manifest.holds(index) && isZeroBlock(block)) return false;

  const digest = await sha256(block);
  if (manifest.at(index).equals(digest)) return false;
  await snapshots.put(target, index, block, digest);
  journal.add(index, digest);
  manifest.set(index, digest);
  return true;
}

/** The indexes that are marked, in ascending order. */
function* blocksIn(plan: Uint8Array): Generator<number> {
  for (let index = plan.indexOf(1); index >= 0; index = plan.indexOf(1, index + 1)) yield index;
}

/** Each worker has one buffer. The first failure stops all; it is thrown when the last has stopped, so that nothing goes on behind the caller. */
async function inParallel(
  workers: number,
  indexes: Generator<number>,
  signal: AbortSignal | undefined,
  run: (index: number, block: Buffer) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const work = async () => {
    const block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
    try {
      for (const index of indexes) {
        if (failures.length > 0) return;
        signal?.throwIfAborted();
        await run(index, block);
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  if (failures.length > 0) throw failures[0];
}
