import { contentOf } from './ext4-content.ts';
import { bytesAt, type FileSystem, type Reader, UnreadableFileSystemError } from './file-system.ts';

/**
 * Reads ext2, ext3 and ext4 file systems. Source of every number: the kernel's documentation, filesystems/ext4 (disk layout). What is read may be hostile:
 * every place is checked against the size of the file system, and all that repeats has a limit.
 */

export const EXT_MAGIC = 0xef53;
export const EXT_MAGIC_AT = 1024 + 0x38;

const INCOMPATIBLE = { RECOVER: 0x4, META_GROUPS: 0x10, EXTENTS: 0x40, BITS_64: 0x80, INLINE: 0x8000 } as const;
const ROOT_INODE = 2;
const MAX_LINKS = 20;
/** Bytes of a folder that are looked at: some ten thousand names. */
const MAX_FOLDER = 2 ** 22;
/** Bytes of the path that a symbolic link holds at most. */
const MAX_LINK = 4096;

export interface Volume {
  readonly reader: Reader;
  readonly blockSize: number;
  readonly inodeSize: number;
  readonly inodesPerGroup: number;
  readonly inodes: number;
  readonly descriptorSize: number;
  /** Where the descriptors of the groups begin, in bytes. */
  readonly descriptors: number;
  readonly incompatible: number;
}

export interface Inode {
  readonly mode: number;
  readonly size: number;
  readonly flags: number;
  /** The 60 bytes that tell where the content is, or are it. */
  readonly map: Buffer;
}

const FOLDER = 0x4000;
const FILE = 0x8000;
const LINK = 0xa000;
const kindOf = ({ mode }: Inode) => mode & 0xf000;

/** Throws UnreadableFileSystemError. */
export async function openExt4(reader: Reader): Promise<FileSystem> {
  const volume = volumeOf(await bytesAt(reader, 1024, 1024), reader);
  return {
    kind: 'ext4',
    unclean: (volume.incompatible & INCOMPATIBLE.RECOVER) !== 0,
    async list(path) {
      const inode = await find(volume, path);
      return inode && kindOf(inode) === FOLDER ? [...(await entriesOf(volume, inode)).keys()] : [];
    },
    async open(path) {
      const inode = await find(volume, path);
      return inode && kindOf(inode) === FILE ? { size: inode.size, chunks: () => contentOf(volume, inode) } : undefined;
    },
  };
}

function volumeOf(superblock: Buffer, reader: Reader): Volume {
  const blockSize = 1024 * 2 ** superblock.readUInt32LE(0x18);
  const incompatible = superblock.readUInt32LE(0x60);
  const inodeSize = superblock.readUInt32LE(0x4c) === 0 ? 128 : superblock.readUInt16LE(0x58);
  const inodesPerGroup = superblock.readUInt32LE(0x28);
  if (superblock.readUInt16LE(0x38) !== EXT_MAGIC) throw new UnreadableFileSystemError('there is no ext4 superblock');
  if (blockSize > 65_536 || inodeSize < 128 || inodeSize > blockSize || inodesPerGroup === 0)
    throw new UnreadableFileSystemError('its ext4 superblock makes no sense');
  if (incompatible & INCOMPATIBLE.META_GROUPS)
    throw new UnreadableFileSystemError('its groups are of a kind (meta_bg) that is not read');
  return {
    reader,
    blockSize,
    inodeSize,
    inodesPerGroup,
    inodes: superblock.readUInt32LE(0),
    descriptorSize: incompatible & INCOMPATIBLE.BITS_64 ? Math.max(32, superblock.readUInt16LE(0xfe)) : 32,
    descriptors: (superblock.readUInt32LE(0x14) + 1) * blockSize,
    incompatible,
  };
}

/** The inode that a path names; undefined when there is none. */
async function find(volume: Volume, path: string): Promise<Inode | undefined> {
  let names = path.split('/').filter((name) => name !== '');
  const passed: Inode[] = [await inodeAt(volume, ROOT_INODE)];
  for (let links = 0; names.length > 0; ) {
    const [name, ...rest] = names as [string, ...string[]];
    names = rest;
    if (name === '.') continue;
    if (name === '..') {
      if (passed.length > 1) passed.pop();
      continue;
    }
    const folder = passed.at(-1)!;
    if (kindOf(folder) !== FOLDER) return undefined;
    const number = (await entriesOf(volume, folder)).get(name);
    if (number === undefined) return undefined;
    const inode = await inodeAt(volume, number);
    if (kindOf(inode) !== LINK) {
      passed.push(inode);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    const target = await linkTarget(volume, inode);
    if (target.startsWith('/')) passed.length = 1;
    names = [...target.split('/').filter((one) => one !== ''), ...names];
  }
  return passed.at(-1);
}

async function inodeAt(volume: Volume, number: number): Promise<Inode> {
  if (number < 1 || number > volume.inodes)
    throw new UnreadableFileSystemError(`it names an inode ${number}, which it does not have`);
  const group = Math.floor((number - 1) / volume.inodesPerGroup);
  const descriptor = await bytesAt(
    volume.reader,
    volume.descriptors + group * volume.descriptorSize,
    volume.descriptorSize,
  );
  const high = volume.descriptorSize >= 64 ? descriptor.readUInt32LE(0x28) : 0;
  const table = (high * 2 ** 32 + descriptor.readUInt32LE(8)) * volume.blockSize;
  const inode = await bytesAt(volume.reader, table + ((number - 1) % volume.inodesPerGroup) * volume.inodeSize, 128);
  return {
    mode: inode.readUInt16LE(0),
    size: inode.readUInt32LE(0x6c) * 2 ** 32 + inode.readUInt32LE(4),
    flags: inode.readUInt32LE(0x20),
    map: Buffer.from(inode.subarray(0x28, 0x64)),
  };
}

/** The names in a folder, with their inodes. Folders with an index are the same for who reads them from end to end. */
async function entriesOf(volume: Volume, folder: Inode): Promise<Map<string, number>> {
  const entries = new Map<string, number>();
  const limited = { ...folder, size: Math.min(folder.size, MAX_FOLDER) };
  for await (const chunk of contentOf(volume, limited))
    for (let block = 0; block < chunk.length; block += volume.blockSize)
      entriesInBlock(chunk.subarray(block, block + volume.blockSize), entries);
  return entries;
}

function entriesInBlock(block: Buffer, entries: Map<string, number>) {
  for (let at = 0; at + 8 <= block.length; ) {
    const inode = block.readUInt32LE(at);
    const length = block.readUInt16LE(at + 4);
    const nameLength = block.readUInt8(at + 6);
    if (length < 8 || at + length > block.length) return;
    const name = block.toString('utf8', at + 8, at + 8 + Math.min(nameLength, length - 8));
    if (inode !== 0 && name !== '.' && name !== '..') entries.set(name, inode);
    at += length;
  }
}

/** A short one stands in the inode itself. */
async function linkTarget(volume: Volume, inode: Inode): Promise<string> {
  if (inode.size < 60) return inode.map.toString('utf8', 0, inode.size);
  const chunks: Buffer[] = [];
  for await (const chunk of contentOf(volume, { ...inode, size: Math.min(inode.size, MAX_LINK) })) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
