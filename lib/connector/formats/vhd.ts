import { fileBytes } from '../bytes.ts';
import type { ImageFile } from '../image-files.ts';
import { backed, checkedSize, damaged, type Layout } from './part.ts';

/** Bytes of the footer, and of the header that follows its copy at the start. Source: Virtual Hard Disk Image Format Specification 1.0. */
const FOOTER = 512;
const DYNAMIC_HEADER = 1024;
const TYPE = { FIXED: 2, DYNAMIC: 3, DIFFERENCING: 4 } as const;
const UNUSED = 0xffff_ffff;
const SECTOR = 512;

/** A fixed VHD is the disk and then a footer; a dynamic one has a table of blocks, which qemu reads. */
export const vhd: Layout = async (file) => {
  const footer = await readFooter(file);
  const size = checkedSize(footer.readBigUInt64BE(48), file);
  const type = footer.readUInt32BE(60);
  if (type === TYPE.DIFFERENCING) throw backed(file, 'merge it into its parent in Hyper-V Manager (Edit Disk, Merge)');
  if (type === TYPE.FIXED) {
    if (size > file.size - FOOTER) throw damaged(file, 'is shorter than the disk that it holds');
    return [{ kind: 'own', bytes: fileBytes(file, { offset: 0, size }) }];
  }
  if (type !== TYPE.DYNAMIC) throw damaged(file, `is a VHD of type ${type}, which there is not`);
  // Of the two sizes in the footer this is the one that Hyper-V and Azure go by; the geometry is rounded.
  const options = { force_size_calc: 'current_size' };
  return [{ kind: 'qemu', file, driver: 'vpc', size, options, examine: () => examine(file, footer) }];
};

async function readFooter(file: ImageFile): Promise<Buffer> {
  const footer = await file.peek(Math.max(0, file.size - FOOTER), FOOTER);
  if (footer.length === FOOTER && isFooter(footer)) return footer;
  throw damaged(
    file,
    isFooter(await file.peek(0, FOOTER)) ? 'was cut off: its footer is missing' : 'is not a VHD image',
  );
}

const isFooter = (bytes: Buffer) => bytes.toString('latin1', 0, 8) === 'conectix' && sumOf(bytes) === 0xffff_ffff;

/** The checksum is the complement of the sum of all other bytes. */
function sumOf(bytes: Buffer): number {
  const checksum = bytes.length < 68 ? 0 : bytes.readUInt32BE(64);
  let sum = checksum;
  for (const [at, byte] of bytes.entries()) if (at < 64 || at >= 68) sum += byte;
  return sum;
}

/** No block of the table lies behind the end. */
async function examine(file: ImageFile, footer: Buffer) {
  const header = await file.peek(Number(footer.readBigUInt64BE(16)), DYNAMIC_HEADER);
  if (header.toString('latin1', 0, 8) !== 'cxsparse') throw damaged(file, 'has no header of a dynamic VHD');
  const entries = header.readUInt32BE(28);
  const blockSize = header.readUInt32BE(32);
  const bitmap = Math.ceil(blockSize / SECTOR / 8 / SECTOR) * SECTOR;
  const table = await file.peek(Number(header.readBigUInt64BE(16)), Math.min(entries * 4, file.size));
  if (table.length < entries * 4) throw damaged(file, 'was cut off within its table of blocks');
  for (let entry = 0; entry < entries; entry++) {
    const sector = table.readUInt32BE(entry * 4);
    if (sector !== UNUSED && sector * SECTOR + bitmap + blockSize > file.size)
      throw damaged(file, `was cut off: block ${entry} lies behind its end`);
  }
}
