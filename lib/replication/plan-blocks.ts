import { ChangesUnknownError, type Disk, type Extent } from '../connector/source.ts';
import { BLOCK_SIZE } from '../snapshots.ts';
import type { Manifest } from './manifest.ts';

/** What the next copy of a disk builds on. */
export interface Previous {
  readonly manifest: Manifest;
  /** Of the instant that was copied, where the source tracks changes. */
  readonly changeId?: string;
}

/** Which blocks to look at: a byte per block, 1 for those (2 MiB for a disk of 1 TiB). */
export async function planBlocks(disk: Disk, previous?: Previous): Promise<Uint8Array> {
  if (previous?.changeId !== undefined) {
    try {
      return await mark(disk, disk.changedSince(previous.changeId));
    } catch (error) {
      if (!(error instanceof ChangesUnknownError)) throw error;
    }
  }
  const plan = await mark(disk, disk.allocated());
  // What was filled and is allocated no more has become zero.
  for (let index = 0; index < Math.min(plan.length, previous?.manifest.blocks ?? 0); index++)
    if (previous?.manifest.holds(index)) plan[index] = 1;
  return plan;
}

export const blocksOfDisk = ({ size }: Pick<Disk, 'size'>): number => Math.ceil(size / BLOCK_SIZE);

async function mark(disk: Disk, extents: AsyncIterable<Extent>): Promise<Uint8Array> {
  const plan = new Uint8Array(blocksOfDisk(disk));
  for await (const { offset, length } of extents)
    if (length > 0) plan.fill(1, Math.floor(offset / BLOCK_SIZE), Math.ceil((offset + length) / BLOCK_SIZE));
  // A disk that grew has no changes behind its old end, and its last block may have been padded there: extents say what they can.
  return plan;
}

export const countBlocks = (plan: Uint8Array): number => plan.reduce((sum, one) => sum + one, 0);
