/**
 * Where things are in an ext4 file system. Source of every number here and in this folder: the kernel's documentation, filesystems/ext4 (disk layout).
 * Chosen for small disks: blocks of 4 KiB, no journal, no 64-bit block numbers, one group per 128 MiB.
 */
export const BLOCK = 4096;
/** A group's bitmap is one block, so it has a bit for this many blocks. */
export const BLOCKS_PER_GROUP = 8 * BLOCK;
export const INODE_SIZE = 256;
export const DESCRIPTOR_SIZE = 32;
/** A file per 64 KiB of room: plenty for an example. */
export const INODES_PER_GROUP = 2048;
export const INODE_TABLE_BLOCKS = (INODES_PER_GROUP * INODE_SIZE) / BLOCK;

export interface Group {
  readonly number: number;
  /** The first block, and how many there are: the last group may be shorter. */
  readonly start: number;
  readonly blocks: number;
  /** Whether it begins with a copy of the superblock and the descriptors. */
  readonly hasSuperblock: boolean;
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  /** The first block that files may have. */
  readonly data: number;
}

export interface Geometry {
  readonly blocks: number;
  readonly descriptorBlocks: number;
  readonly groups: readonly Group[];
}

export function geometryOf(bytes: number): Geometry {
  const blocks = Math.floor(bytes / BLOCK);
  const count = Math.ceil(blocks / BLOCKS_PER_GROUP);
  const descriptorBlocks = Math.ceil((count * DESCRIPTOR_SIZE) / BLOCK);
  const groups = Array.from({ length: count }, (_, number) => groupAt(number, blocks, descriptorBlocks));
  const last = groups.at(-1);
  if (!last || last.data >= last.start + last.blocks)
    throw new Error(`${bytes} bytes leave no room for files in the last group; make the partition larger or smaller`);
  return { blocks, descriptorBlocks, groups };
}

function groupAt(number: number, blocks: number, descriptorBlocks: number): Group {
  const start = number * BLOCKS_PER_GROUP;
  const hasSuperblock = number <= 1 || [3, 5, 7].some((base) => isPowerOf(base, number));
  const blockBitmap = start + (hasSuperblock ? 1 + descriptorBlocks : 0);
  return {
    number,
    start,
    blocks: Math.min(BLOCKS_PER_GROUP, blocks - start),
    hasSuperblock,
    blockBitmap,
    inodeBitmap: blockBitmap + 1,
    inodeTable: blockBitmap + 2,
    data: blockBitmap + 2 + INODE_TABLE_BLOCKS,
  };
}

function isPowerOf(base: number, number: number): boolean {
  let power = base;
  while (power < number) power *= base;
  return power === number;
}
