import { fileBytes, zeroBytes } from '../bytes.ts';
import type { ImageFile, ImageFiles } from '../image-files.ts';
import { UnsupportedDiskError } from '../source.ts';
import { checkedSize, damaged, type Layout, type Part, sizeOf } from './part.ts';
import { DESCRIPTOR_START, MAX_DESCRIPTOR, readDescriptor, type VmdkExtent } from './vmdk-descriptor.ts';
import { isSparse, sparsePart } from './vmdk-sparse.ts';

const SECTOR = 512;
/** Extents of one disk, each an open file: 2 TiB in extents of 2 GiB. */
const MAX_EXTENTS = 1024;

/**
 * A VMDK is one sparse file, or a descriptor that names its extents. The descriptor is read here and every extent opened here, from the image's own
 * folder: qemu, which would follow whatever path is written there, gets to see single compressed files only.
 */
export const vmdk: Layout = async (file, files) => {
  if (await isSparse(file)) return [await sparsePart(file)];
  if (!(await file.peek(0, DESCRIPTOR_START.length)).equals(Buffer.from(DESCRIPTOR_START)))
    throw damaged(
      file,
      'is not a VMDK image (a -flat.vmdk needs its descriptor, the .vmdk of the same name, beside it)',
    );
  if (file.size > MAX_DESCRIPTOR) throw damaged(file, `has a descriptor of ${file.size} bytes`);
  const extents = readDescriptor((await file.peek(0, MAX_DESCRIPTOR)).toString('utf8'), file);
  if (extents.length === 0) throw damaged(file, 'names no extents');
  if (extents.length > MAX_EXTENTS) throw unsupported(file, `has more than ${MAX_EXTENTS} extents`);
  const parts: Part[] = [];
  for (const extent of extents) parts.push(await partOf(extent, { file, files }));
  checkedSize(
    parts.reduce((sum, part) => sum + BigInt(sizeOf(part)), 0n),
    file,
  );
  return parts;
};

async function partOf(extent: VmdkExtent, { file, files }: { file: ImageFile; files: ImageFiles }): Promise<Part> {
  const { type, name, access, sectors, offset } = extent;
  const size = checkedSize(BigInt(sectors) * BigInt(SECTOR), file);
  if (type === 'ZERO') return { kind: 'own', bytes: zeroBytes(size) };
  if (!['FLAT', 'VMFS', 'SPARSE'].includes(type) || name === undefined || access === 'NOACCESS')
    throw unsupported(file, REASONS[type] ?? `has an extent ${access} ${type}`);
  const part = await files.openBeside(file, name);
  if (type === 'SPARSE') {
    const sparse = await sparsePart(part);
    if (sizeOf(sparse) !== size) throw damaged(part, `holds ${sizeOf(sparse)} bytes, where ${file.path} says ${size}`);
    return sparse;
  }
  if (part.size < offset * SECTOR + size) throw damaged(part, `is shorter than ${file.path} says`);
  return { kind: 'own', bytes: fileBytes(part, { offset: offset * SECTOR, size }) };
}

const REASONS: Readonly<Record<string, string>> = {
  VMFSSPARSE: 'is a snapshot of a disk',
  SESPARSE: 'is a snapshot of a disk',
  VMFSRDM: 'is a mapping of a raw device',
  VMFSRAW: 'is a mapping of a raw device',
};

const unsupported = ({ path }: ImageFile, what: string) =>
  new UnsupportedDiskError('UnsupportedDisk', `${path} ${what}; clone it into one whole disk with vmkfstools -i`);
