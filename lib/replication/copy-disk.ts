import type { Disk } from '../connector/source.ts';
import { BLOCK_SIZE, type SnapshotId, type Snapshots } from '../snapshots.ts';
import { BlockSet } from './block-set.ts';
import { Buffers } from './buffers.ts';
import type { Concurrency } from './concurrency.ts';
import { isZeroBlock, sha256 } from './digest.ts';
import { Journal } from './journal.ts';
import type { Manifest } from './manifest.ts';
import type { Pacer } from './pacer.ts';
import type { Progress } from './progress.ts';

/** Neighbouring blocks that are read at once: 2 MiB, which makes a read four times as cheap to start. */
const BLOCKS_PER_READ = 4;
/** Blocks that are read ahead of those that are put. With at most 64 puts under way a copy holds 40 MiB, whatever the size of the disk. */
const READ_AHEAD = 12;

export interface CopyOptions {
  readonly snapshots: Snapshots;
  /** The pending snapshot that takes the blocks. */
  readonly target: SnapshotId;
  /** Which blocks to look at. */
  readonly plan: BlockSet;
  /** What the target inherits from its parent. Changed into what it holds at the end. */
  readonly manifest: Manifest;
  /** Where the journal of this copy is. `header` names source, target and parent. */
  readonly journal: { readonly path: string; readonly header: string };
  /** Told of each block that was planned, when it has been looked at and put if need be. */
  readonly progress: Pick<Progress, 'block' | 'skip'>;
  /** How many puts are made at once. */
  readonly concurrency: Concurrency;
  /** Says when a block may be put. */
  readonly pacer?: Pick<Pacer, 'turn'>;
  readonly signal?: AbortSignal;
}

export interface CopyResult {
  /** With what the target is sealed: how many blocks were put into it, and the SHA-256 over their digests. */
  readonly seal: { readonly written: number; readonly linear: Buffer };
  /** The blocks that were put, by this call or an interrupted one before. */
  readonly put: BlockSet;
}

/**
 * Copies the blocks of a disk that differ from the previous copy: read, zero? hash once, same as before? put, note in the journal. A block that became
 * zero is put as zeros, for the parent's would show through its absence. Blocks that the journal names are not even read again.
 */
export async function copyDisk(disk: Disk, options: CopyOptions): Promise<CopyResult> {
  const { plan, manifest, progress } = options;
  const put = new BlockSet(plan.blocks);
  let done = 0;
  const journal = Journal.open(options.journal.path, options.journal.header, (index, digest) => {
    manifest.set(index, digest);
    if (plan.has(index) && !put.has(index)) done++;
    put.add(index);
  });
  progress.skip(done);
  const buffers = new Buffers(BLOCKS_PER_READ * BLOCK_SIZE);
  const ahead = () => options.concurrency.limit + READ_AHEAD;
  try {
    await inParallel(runsIn(plan, put), { ahead, signal: options.signal }, async (run, { signal, fail }) => {
      const buffer = buffers.take();
      await readBlocks(disk, run, buffer);
      const copied = Array.from({ length: run.blocks }, async (_, position) => {
        const block = buffer.subarray(position * BLOCK_SIZE, (position + 1) * BLOCK_SIZE);
        const index = run.first + position;
        if (await copyBlock(block, { ...options, journal, index, signal })) put.add(index);
        progress.block();
      });
      await Promise.all(copied.map((one) => one.catch(fail)));
      buffers.give(buffer);
    });
  } finally {
    journal.close();
  }
  return { put, seal: { written: put.count(), linear: manifest.linear(put) } };
}

interface Run {
  readonly first: number;
  readonly blocks: number;
}

/** Neighbouring blocks that are planned and not put yet, in ascending order. */
function* runsIn(plan: BlockSet, put: BlockSet): Generator<Run> {
  const isOpen = (index: number) => plan.has(index) && !put.has(index);
  for (let first = plan.next(0); first >= 0; ) {
    let blocks = 0;
    while (blocks < BLOCKS_PER_READ && isOpen(first + blocks)) blocks++;
    if (blocks > 0) yield { first, blocks };
    first = plan.next(first + Math.max(1, blocks));
  }
}

/** Fills the buffer with the blocks; what lies behind the end of the disk is zero. */
async function readBlocks(disk: Disk, { first, blocks }: Run, buffer: Buffer): Promise<void> {
  const offset = first * BLOCK_SIZE;
  const length = Math.min(blocks * BLOCK_SIZE, disk.size - offset);
  await disk.read(offset, buffer.subarray(0, length));
  buffer.fill(0, length, blocks * BLOCK_SIZE);
}

type BlockOptions = Pick<CopyOptions, 'snapshots' | 'target' | 'manifest' | 'concurrency' | 'pacer'> & {
  readonly journal: Journal;
  readonly index: number;
  readonly signal: AbortSignal;
};

/** Puts a block if the manifest says something else. Answers whether it did. */
async function copyBlock(block: Buffer, options: BlockOptions) {
  const { snapshots, target, manifest, journal, index, concurrency, pacer, signal } = options;
  if (!manifest.holds(index) && isZeroBlock(block)) return false;
  const digest = await sha256(block);
  if (manifest.at(index).equals(digest)) return false;
  // Before its place among the puts is taken, which would look like a slow store.
  await pacer?.turn(signal);
  await concurrency.run(async () => {
    signal.throwIfAborted();
    return snapshots.put(target, index, block, digest, signal);
  });
  journal.add(index, digest);
  manifest.set(index, digest);
  return true;
}

interface Parallel {
  /** Blocks that may be under way. */
  ahead(): number;
  readonly signal: AbortSignal | undefined;
}

interface Ending {
  /** Aborted once the copy is to end. */
  readonly signal: AbortSignal;
  /** Ends the copy. */
  fail(error: unknown): void;
}

/**
 * Copies runs side by side. The first failure stops all, and so does the signal: no further put begins. It is thrown when the last has stopped, so that
 * nothing goes on behind the caller.
 */
async function inParallel(
  runs: Generator<Run>,
  { ahead, signal }: Parallel,
  copy: (run: Run, ending: Ending) => Promise<void>,
) {
  const failures: unknown[] = [];
  const active = new Set<Promise<void>>();
  const failed = new AbortController();
  const ended = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const fail = (error: unknown) => {
    failures.push(error);
    failed.abort();
  };
  let blocks = 0;
  for (const run of runs) {
    while (blocks > 0 && blocks + run.blocks > ahead()) await Promise.race(active);
    if (ended.aborted) break;
    blocks += run.blocks;
    const one: Promise<void> = copy(run, { signal: ended, fail })
      .catch(fail)
      .finally(() => {
        blocks -= run.blocks;
        active.delete(one);
      });
    active.add(one);
  }
  await Promise.all(active);
  if (failures.length > 0) throw failures[0];
  signal?.throwIfAborted();
}
