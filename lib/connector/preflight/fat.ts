import { bytesAt, type FileSystem, type Reader, UnreadableFileSystemError } from './file-system.ts';

/**
 * Reads FAT16 and FAT32 by their short names, which is all that an EFI system partition needs (EFI/BOOT/BOOTX64.EFI). Source: Microsoft, FAT file system
 * specification.
 */

/** Clusters of a folder, or of a small file. */
const MAX_CLUSTERS = 4_096;
const END_32 = 0x0ffffff8;
const END_16 = 0xfff8;

interface Volume {
  readonly reader: Reader;
  readonly wide: boolean;
  readonly clusterSize: number;
  /** Where the table, the root folder of FAT16, and the clusters begin, in bytes. */
  readonly table: number;
  readonly rootFolder: { readonly offset: number; readonly size: number } | { readonly cluster: number };
  readonly clusters: number;
}

interface Entry {
  readonly isFolder: boolean;
  readonly cluster: number;
  readonly size: number;
}

/** Throws UnreadableFileSystemError. */
export async function openFat(reader: Reader): Promise<FileSystem> {
  const volume = volumeOf(await bytesAt(reader, 0, 512), reader);
  return {
    kind: 'fat',
    unclean: false,
    async list(path) {
      const folder = await find(volume, path);
      return folder instanceof Map ? [...folder.keys()] : [];
    },
    async open(path) {
      const entry = await find(volume, path);
      if (!entry || entry instanceof Map) return undefined;
      return { size: entry.size, chunks: () => chunksOf(volume, entry) };
    },
  };
}

function volumeOf(boot: Buffer, reader: Reader): Volume {
  const sector = boot.readUInt16LE(11);
  const clusterSize = boot.readUInt8(13) * sector;
  const short = boot.readUInt16LE(22);
  const tableSize = (short || boot.readUInt32LE(36)) * sector;
  const table = boot.readUInt16LE(14) * sector;
  const rootOffset = table + boot.readUInt8(16) * tableSize;
  const rootSize = boot.readUInt16LE(17) * 32;
  if (![512, 1024, 2048, 4096].includes(sector) || clusterSize === 0 || tableSize === 0)
    throw new UnreadableFileSystemError('its FAT boot sector makes no sense');
  const wide = short === 0;
  return {
    reader,
    wide,
    clusterSize,
    table,
    rootFolder: wide ? { cluster: boot.readUInt32LE(44) } : { offset: rootOffset, size: rootSize },
    clusters: rootOffset + rootSize,
  };
}

/** What a path names: a folder's entries, or a file. */
async function find(volume: Volume, path: string): Promise<Map<string, Entry> | Entry | undefined> {
  let folder = await rootOf(volume);
  const names = path
    .toUpperCase()
    .split('/')
    .filter((name) => name !== '');
  for (const [position, name] of names.entries()) {
    const entry = folder.get(name);
    if (!entry) return undefined;
    if (!entry.isFolder) return position === names.length - 1 ? entry : undefined;
    folder = entriesOf(await collect(volume, entry.cluster));
  }
  return folder;
}

async function rootOf(volume: Volume): Promise<Map<string, Entry>> {
  const { rootFolder, reader } = volume;
  if ('cluster' in rootFolder) return entriesOf(await collect(volume, rootFolder.cluster));
  return entriesOf(await bytesAt(reader, rootFolder.offset, rootFolder.size));
}

function entriesOf(bytes: Buffer): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let at = 0; at + 32 <= bytes.length && bytes[at] !== 0; at += 32) {
    const attributes = bytes.readUInt8(at + 11);
    // Deleted; a part of a long name, or the volume's.
    if (bytes[at] === 0xe5 || attributes & 0x08) continue;
    const [stem, ending] = [
      bytes.toString('latin1', at, at + 8).trimEnd(),
      bytes.toString('latin1', at + 8, at + 11).trimEnd(),
    ];
    entries.set(ending ? `${stem}.${ending}` : stem, {
      isFolder: (attributes & 0x10) !== 0,
      cluster: bytes.readUInt16LE(at + 20) * 2 ** 16 + bytes.readUInt16LE(at + 26),
      size: bytes.readUInt32LE(at + 28),
    });
  }
  return entries;
}

async function collect(volume: Volume, cluster: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of clustersFrom(volume, cluster)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* chunksOf(volume: Volume, { cluster, size }: Entry): AsyncGenerator<Buffer> {
  let left = size;
  for await (const chunk of clustersFrom(volume, cluster)) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}

async function* clustersFrom(volume: Volume, first: number): AsyncGenerator<Buffer> {
  const { reader, wide, clusterSize, table, clusters } = volume;
  const width = wide ? 4 : 2;
  let cluster = first;
  for (let count = 0; cluster >= 2 && cluster < (wide ? END_32 : END_16); count++) {
    if (count > MAX_CLUSTERS) throw new UnreadableFileSystemError('a chain of its clusters is too long');
    yield await bytesAt(reader, clusters + (cluster - 2) * clusterSize, clusterSize);
    const next = await bytesAt(reader, table + cluster * width, width);
    cluster = wide ? next.readUInt32LE(0) & 0x0fffffff : next.readUInt16LE(0);
  }
}
