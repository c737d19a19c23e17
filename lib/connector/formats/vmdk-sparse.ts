import type { ImageFile } from '../image-files.ts';
import { UnsupportedDiskError } from '../source.ts';
import { checkedSize, damaged, type Part } from './part.ts';
import { MAX_DESCRIPTOR, readDescriptor } from './vmdk-descriptor.ts';
import { type GrainMap, grainBytes, lastGrain } from './vmdk-grains.ts';

const MAGIC = 'KDMV';
const SECTOR = 512;
const HEADER = 512;
/** Of the flags: grains are compressed. Source of all here: VMware Virtual Disk Format 1.1, hosted sparse extents. */
const COMPRESSED = 1 << 16;
/** The grain directory is named by a footer, two sectors before the end. */
const AT_END = 0xffff_ffff_ffff_ffffn;
const FOOTER_BEFORE_END = 2 * SECTOR;
/** Where qemu looks for a parent, whatever the header says. */
const USUAL_DESCRIPTOR = { offset: SECTOR, length: 20 * SECTOR } as const;
const MAX_GRAIN = 2 ** 14 * SECTOR;
const MAX_ENTRIES = 2 ** 12;

export const isSparse = async (file: ImageFile) => (await file.peek(0, 4)).toString('latin1') === MAGIC;

/**
 * A hosted sparse extent: monolithicSparse, or one of twoGbMaxExtentSparse, whose grains are read here: qemu reads a single one of the latter not at all,
 * and the former a third as fast. streamOptimized, whose grains are compressed, is qemu's.
 */
export async function sparsePart(file: ImageFile): Promise<Part> {
  const header = await readHeader(file);
  await demandNoParent(file, header);
  const map = mapOf(file, header);
  const examine = () => demandWhole(file, map);
  if (header.readUInt32LE(8) & COMPRESSED) return { kind: 'qemu', file, driver: 'vmdk', size: map.size, examine };
  return { kind: 'own', bytes: grainBytes(file, map), examine };
}

/** The header, or the footer that stands for it. */
async function readHeader(file: ImageFile): Promise<Buffer> {
  const header = await file.peek(0, HEADER);
  if (header.toString('latin1', 0, 4) !== MAGIC || header.length < HEADER) throw damaged(file, 'is not a sparse VMDK');
  if (header[72] !== 0)
    throw new UnsupportedDiskError(
      'UncleanDisk',
      `${file.path} was not closed by whoever wrote it; shut its virtual machine down, or repair a copy with vmware-vdiskmanager -R`,
    );
  if (header.readBigUInt64LE(56) !== AT_END) return header;
  const footer = await file.peek(Math.max(0, file.size - FOOTER_BEFORE_END), HEADER);
  if (footer.toString('latin1', 0, 4) === MAGIC && footer.length === HEADER) return footer;
  throw damaged(file, 'was cut off: its footer is missing');
}

function mapOf(file: ImageFile, header: Buffer): GrainMap {
  const capacity = header.readBigUInt64LE(12);
  // Without a capacity qemu would go by the extents of the embedded descriptor, wherever they are.
  if (capacity === 0n) throw damaged(file, 'has no capacity in its header');
  const size = checkedSize(capacity * BigInt(SECTOR), file);
  const grainSize = Number(header.readBigUInt64LE(20)) * SECTOR;
  const entries = header.readUInt32LE(44);
  const directory = Number(header.readBigUInt64LE(56)) * SECTOR;
  const hasSense = grainSize > 0 && grainSize <= MAX_GRAIN && entries > 0 && entries <= MAX_ENTRIES;
  if (!hasSense) throw damaged(file, 'has a header of no sense');
  const tables = Math.ceil(size / (grainSize * entries));
  if (directory + tables * 4 > file.size) throw damaged(file, 'was cut off within its grain directory');
  const isCompressed = (header.readUInt32LE(8) & COMPRESSED) !== 0;
  return { size, grainSize, entries, directory, tables, isCompressed };
}

async function demandNoParent(file: ImageFile, header: Buffer) {
  const [offset, length] = [header.readBigUInt64LE(28), header.readBigUInt64LE(36)];
  const texts = [await file.peek(USUAL_DESCRIPTOR.offset, USUAL_DESCRIPTOR.length)];
  if (offset > 0n && offset * BigInt(SECTOR) < BigInt(file.size))
    texts.push(await file.peek(Number(offset) * SECTOR, Math.min(Number(length) * SECTOR, MAX_DESCRIPTOR)));
  for (const text of texts) readDescriptor(text.toString('latin1').replace(/\0.*/s, ''), file);
}

/** No grain lies behind the end. Reads all grain tables: 64 MiB for 1 TiB of data. */
async function demandWhole(file: ImageFile, map: GrainMap) {
  const last = await lastGrain(file, map);
  if (last === 0) return;
  const end = map.isCompressed ? await endOfGrain(file, last) : last + map.grainSize;
  if (end > file.size) throw damaged(file, 'was cut off: a part of the disk lies behind its end');
}

/** A compressed grain has a marker before it: the sector of the disk in 8 bytes, its length in 4. */
async function endOfGrain(file: ImageFile, position: number): Promise<number> {
  const marker = await file.peek(position, 12);
  return marker.length < 12 ? Number.POSITIVE_INFINITY : position + 12 + marker.readUInt32LE(8);
}
