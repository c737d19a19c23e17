import { ChangesUnknownError, type Disk, type Extent } from '../connector/source.ts';
import { BLOCK_SIZE } from '../snapshots.ts';
import { BlockSet } from './block-set.ts';
import type { Manifest } from './manifest.ts';

/** What the next copy of a disk builds on. */
export interface Previous {
  readonly manifest: Manifest;
  /** Bytes that the disk had. */
  readonly size: number;
  /** Of the instant that was copied, where the source tracks changes. */
  readonly changeId?: string;
  /** Whether all blocks are compared though the source tracks changes, to see whether it missed any. */
  readonly scan?: boolean;
}

export interface Plan {
  /** The blocks to look at. */
  readonly blocks: BlockSet;
  /** Whether they are those that the source listed, or all that can differ. */
  readonly by: 'list' | 'scan';
  /** What the source listed, beside a scan. */
  readonly listed?: BlockSet;
}

/** Which blocks to look at. */
export async function planBlocks(disk: Disk, previous?: Previous): Promise<Plan> {
  const listed = previous && (await listedBlocks(disk, previous));
  if (listed && !previous.scan) return { blocks: listed, by: 'list' };
  const blocks = new BlockSet(blocksOfDisk(disk));
  await mark(blocks, disk.allocated());
  // What was filled and is allocated no more has become zero.
  if (previous)
    for (let index = previous.manifest.next(0); index >= 0; index = previous.manifest.next(index + 1))
      blocks.add(index);
  return { blocks, by: 'scan', ...(listed ? { listed } : {}) };
}

/** What the source says has changed; undefined when it cannot tell. */
async function listedBlocks(disk: Disk, { changeId, size }: Previous): Promise<BlockSet | undefined> {
  if (changeId === undefined) return undefined;
  const listed = new BlockSet(blocksOfDisk(disk));
  try {
    await mark(listed, disk.changedSince(changeId));
  } catch (error) {
    if (error instanceof ChangesUnknownError) return undefined;
    throw error;
  }
  // A source need not call new what lies behind the old end.
  if (disk.size > size) await mark(listed, disk.allocated(), size);
  return listed;
}

export const blocksOfDisk = ({ size }: Pick<Disk, 'size'>): number => Math.ceil(size / BLOCK_SIZE);

/** Adds the blocks in which the extents lie, from that byte on. */
async function mark(blocks: BlockSet, extents: AsyncIterable<Extent>, from = 0) {
  for await (const { offset, length } of extents) {
    const start = Math.max(offset, from);
    if (offset + length > start)
      blocks.addRange(Math.floor(start / BLOCK_SIZE), Math.ceil((offset + length) / BLOCK_SIZE));
  }
}
