import { BLOCK, BLOCKS_PER_GROUP, DESCRIPTOR_SIZE, type Geometry, INODE_SIZE, INODES_PER_GROUP } from './geometry.ts';

export interface Label {
  /** At most 16 bytes. */
  readonly label: string;
  readonly uuid: string;
  /** When the file system was made: seconds since the epoch. */
  readonly at: number;
}

/** What is used in a group. */
export interface Usage {
  freeBlocks: number;
  freeInodes: number;
  folders: number;
}

/** Names in folders carry the file's type; files are kept in extents. */
const INCOMPATIBLE = 0x2 | 0x40;
/** Not every group has a superblock; files may be larger than 2 GiB; inodes have extra fields. */
const READ_ONLY_COMPATIBLE = 0x1 | 0x2 | 0x40;

/** The superblock as group `number` has it: 1024 bytes. */
export function superblock(
  number: number,
  geometry: Geometry,
  { usage, label }: { usage: Usage[]; label: Label },
): Buffer {
  const sum = (member: keyof Usage) => usage.reduce((total, group) => total + group[member], 0);
  const bytes = Buffer.alloc(1024);
  const words: readonly (readonly [offset: number, value: number])[] = [
    [0, geometry.groups.length * INODES_PER_GROUP],
    [4, geometry.blocks],
    [12, sum('freeBlocks')],
    [16, sum('freeInodes')],
    [24, Math.log2(BLOCK / 1024)],
    [28, Math.log2(BLOCK / 1024)],
    [32, BLOCKS_PER_GROUP],
    [36, BLOCKS_PER_GROUP],
    [40, INODES_PER_GROUP],
    [48, label.at],
    [64, label.at],
    [76, 1], // revision with feature flags
    [84, 11], // first inode that is not reserved
    [96, INCOMPATIBLE],
    [100, READ_ONLY_COMPATIBLE],
    [264, label.at],
  ];
  for (const [offset, value] of words) bytes.writeUInt32LE(value, offset);
  const halves: readonly (readonly [offset: number, value: number])[] = [
    [54, 0xffff], // mounts until a check: no limit
    [56, 0xef53],
    [58, 1], // clean
    [60, 1], // go on after errors
    [88, INODE_SIZE],
    [90, number],
    [348, 32], // extra bytes that every inode has, and should have
    [350, 32],
  ];
  for (const [offset, value] of halves) bytes.writeUInt16LE(value, offset);
  Buffer.from(label.uuid.replaceAll('-', ''), 'hex').copy(bytes, 104);
  bytes.write(label.label, 120, 16);
  return bytes;
}

/** The descriptors of all groups, to whole blocks. */
export function descriptors({ groups, descriptorBlocks }: Geometry, usage: readonly Usage[]): Buffer {
  const bytes = Buffer.alloc(descriptorBlocks * BLOCK);
  for (const [number, group] of groups.entries()) {
    const offset = number * DESCRIPTOR_SIZE;
    bytes.writeUInt32LE(group.blockBitmap, offset);
    bytes.writeUInt32LE(group.inodeBitmap, offset + 4);
    bytes.writeUInt32LE(group.inodeTable, offset + 8);
    bytes.writeUInt16LE(usage[number]!.freeBlocks, offset + 12);
    bytes.writeUInt16LE(usage[number]!.freeInodes, offset + 14);
    bytes.writeUInt16LE(usage[number]!.folders, offset + 16);
  }
  return bytes;
}
