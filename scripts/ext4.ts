/**
 * A small ext4 formatter: one block group (128 MiB at most), extents, no journal; what it writes is clean for e2fsck and mounts. Source of the layout:
 * the Linux kernel's documentation, "ext4 Data Structures and Algorithms".
 */
const BLOCK = 4_096;
const INODE = 256;
const INODES = 256;
const ROOT = 2;
const LOST_FOUND = 11;
const FIRST_FREE_INODE = 12;
/** Superblock, group descriptor, two bitmaps, then the inode table. */
const INODE_TABLE = 4;
const FIRST_DATA = INODE_TABLE + (INODES * INODE) / BLOCK;

const DIRECTORY = 0o040_755;
const FILE = 0o100_644;
const TYPE = { file: 1, directory: 2 } as const;

export interface Ext4Options {
  /** Bytes; a multiple of 4096, 128 MiB at most. */
  readonly size: number;
  readonly label: string;
  /** 16 bytes. */
  readonly uuid: Buffer;
  /** Contents by path, as `etc/hostname`. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** Seconds since the epoch, for all times. */
  readonly time: number;
}

interface Node {
  readonly inode: number;
  readonly parent: number;
  readonly entries?: Map<string, Node>;
  readonly data?: Buffer;
}

/** The bytes of a file system with these files, piece by piece: everything between the pieces is zero. */
export function formatExt4(options: Ext4Options): { offset: number; data: Buffer }[] {
  const blocks = options.size / BLOCK;
  const root = treeOf(options.files);
  const inodes = Buffer.alloc(INODES * INODE);
  const pieces: { offset: number; data: Buffer }[] = [];
  let nextBlock = FIRST_DATA;
  let usedInodes = FIRST_FREE_INODE - 1;
  let directories = 0;

  const store = (node: Node) => {
    const data = node.entries ? directoryBlock(node) : node.data!;
    const length = Math.ceil(data.length / BLOCK);
    if (nextBlock + length > blocks) throw new Error(`the files do not fit into ${options.size} bytes`);
    const links = node.entries ? 2 + [...node.entries.values()].filter(({ entries }) => entries).length : 1;
    writeInode(inodes, {
      inode: node.inode,
      mode: node.entries ? DIRECTORY : FILE,
      size: data.length,
      links,
      first: nextBlock,
      length,
      time: options.time,
    });
    if (length > 0) pieces.push({ offset: nextBlock * BLOCK, data });
    nextBlock += length;
    usedInodes = Math.max(usedInodes, node.inode);
    if (node.entries) directories++;
    for (const child of node.entries?.values() ?? []) store(child);
  };
  store(root);

  const counts = { blocks, freeBlocks: blocks - nextBlock, freeInodes: INODES - usedInodes, directories };
  const blockBitmap = bitmap((bit) => bit < nextBlock || bit >= blocks);
  const inodeBitmap = bitmap((bit) => bit < usedInodes || bit >= INODES);
  return [
    { offset: 1_024, data: superblock(options, counts) },
    { offset: BLOCK, data: groupDescriptor(counts) },
    { offset: 2 * BLOCK, data: blockBitmap },
    { offset: 3 * BLOCK, data: inodeBitmap },
    { offset: INODE_TABLE * BLOCK, data: inodes },
    ...pieces,
  ];
}

function treeOf(files: Readonly<Record<string, Buffer>>): Node {
  const root: Node = { inode: ROOT, parent: ROOT, entries: new Map() };
  root.entries!.set('lost+found', { inode: LOST_FOUND, parent: ROOT, entries: new Map() });
  let next = FIRST_FREE_INODE;
  for (const [path, data] of Object.entries(files)) {
    const names = path.split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) {
      const known = folder.entries!.get(name) ?? {
        inode: next++,
        parent: folder.inode,
        entries: new Map<string, Node>(),
      };
      folder.entries!.set(name, known);
      folder = known;
    }
    folder.entries!.set(names.at(-1)!, { inode: next++, parent: folder.inode, data });
  }
  if (next > INODES) throw new Error(`more than ${INODES - FIRST_FREE_INODE} files and folders`);
  return root;
}

function directoryBlock({ inode, parent, entries }: Node): Buffer {
  const block = Buffer.alloc(BLOCK);
  const rows: [string, number, number][] = [
    ['.', inode, TYPE.directory],
    ['..', parent, TYPE.directory],
    ...[...entries!].map(([name, node]): [string, number, number] => [
      name,
      node.inode,
      node.entries ? TYPE.directory : TYPE.file,
    ]),
  ];
  let offset = 0;
  for (const [index, [name, target, type]] of rows.entries()) {
    const needed = 8 + Math.ceil(name.length / 4) * 4;
    const length = index === rows.length - 1 ? BLOCK - offset : needed;
    block.writeUInt32LE(target, offset);
    block.writeUInt16LE(length, offset + 4);
    block.writeUInt8(name.length, offset + 6);
    block.writeUInt8(type, offset + 7);
    block.write(name, offset + 8, 'latin1');
    offset += needed;
  }
  return block;
}

interface InodeSpec {
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly links: number;
  readonly first: number;
  /** Blocks. */
  readonly length: number;
  readonly time: number;
}

function writeInode(table: Buffer, { inode, mode, size, links, first, length, time }: InodeSpec) {
  const at = table.subarray((inode - 1) * INODE, inode * INODE);
  at.writeUInt16LE(mode, 0);
  at.writeUInt32LE(size, 4);
  for (const field of [8, 12, 16]) at.writeUInt32LE(time, field);
  at.writeUInt16LE(links, 26);
  at.writeUInt32LE((length * BLOCK) / 512, 28);
  at.writeUInt32LE(0x80000, 32); // the inode's blocks are an extent tree
  at.writeUInt16LE(0xf30a, 40);
  at.writeUInt16LE(length > 0 ? 1 : 0, 42);
  at.writeUInt16LE(4, 44);
  at.writeUInt16LE(length, 40 + 12 + 4);
  if (length > 0) at.writeUInt32LE(first, 40 + 12 + 8);
  at.writeUInt16LE(32, 128); // bytes of the inode beyond the first 128 that are in use
}

interface Counts {
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly directories: number;
}

function superblock({ label, uuid, time }: Ext4Options, { blocks, freeBlocks, freeInodes }: Counts): Buffer {
  const block = Buffer.alloc(1_024);
  const words: [number, number][] = [
    [0, INODES],
    [4, blocks],
    [12, freeBlocks],
    [16, freeInodes],
    [20, 0],
    [24, 2], // block size: 1024 << 2
    [28, 2],
    [32, 32_768],
    [36, 32_768],
    [40, INODES],
    [48, time],
    [64, time],
    [76, 1], // revision: inodes of any size
    [84, FIRST_FREE_INODE - 1],
    [96, 0x42], // file types in directories, extents
    [100, 0x3], // sparse superblocks, large files
  ];
  for (const [offset, value] of words) block.writeUInt32LE(value, offset);
  block.writeUInt16LE(0xffff, 54); // checked by nobody on account of mounts
  block.writeUInt16LE(0xef53, 56);
  block.writeUInt16LE(1, 58); // clean
  block.writeUInt16LE(1, 60); // on errors: continue
  block.writeUInt16LE(INODE, 88);
  uuid.copy(block, 104);
  block.write(label, 120, 16, 'latin1');
  return block;
}

function groupDescriptor({ freeBlocks, freeInodes, directories }: Counts): Buffer {
  const block = Buffer.alloc(32);
  block.writeUInt32LE(2, 0);
  block.writeUInt32LE(3, 4);
  block.writeUInt32LE(INODE_TABLE, 8);
  block.writeUInt16LE(freeBlocks, 12);
  block.writeUInt16LE(freeInodes, 14);
  block.writeUInt16LE(directories, 16);
  return block;
}

function bitmap(isSet: (bit: number) => boolean): Buffer {
  const block = Buffer.alloc(BLOCK);
  for (let bit = 0; bit < BLOCK * 8; bit++) if (isSet(bit)) block[bit >> 3]! |= 1 << (bit & 7);
  return block;
}
