import type { ImageFile } from '../image-files.ts';
import { checkWithQemuImg } from '../qemu-img.ts';
import { UnsupportedDiskError } from '../source.ts';
import { backed, checkedSize, damaged, type Layout } from './part.ts';

/** Incompatible features that are read: dirty reference counts, another compression, extended L2 entries. Source: docs/interop/qcow2.txt of QEMU. */
const READ_FEATURES = 0b11001n;
const CORRUPT = 0b10n;
const EXTERNAL_DATA = 0b100n;

export const qcow2: Layout = async (file) => {
  const header = await file.peek(0, 104);
  if (header.toString('latin1', 0, 4) !== 'QFI\xfb' || header.length < 72) throw damaged(file, 'is not a qcow2 image');
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3)
    throw new UnsupportedDiskError(
      'UnsupportedDisk',
      `${file.path} is of version ${version} of qcow; convert it to version 3 with qemu-img convert -O qcow2`,
    );
  demandOwnBytes(file, header);
  if (version === 3) demandFeatures(file, header);
  const size = checkedSize(header.readBigUInt64BE(24), file);
  return [{ kind: 'qemu', file, driver: 'qcow2', size, examine: () => checkWithQemuImg({ file, driver: 'qcow2' }) }];
};

function demandOwnBytes(file: ImageFile, header: Buffer) {
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0)
    throw backed(file, 'make it whole with qemu-img convert -O qcow2');
  if (header.readUInt32BE(32) !== 0)
    throw new UnsupportedDiskError(
      'EncryptedDisk',
      `${file.path} is encrypted; decrypt a copy of it with qemu-img convert`,
    );
}

function demandFeatures(file: ImageFile, header: Buffer) {
  const features = header.length < 80 ? 0n : header.readBigUInt64BE(72);
  if (features & EXTERNAL_DATA)
    throw new UnsupportedDiskError(
      'ForeignExtent',
      `${file.path} keeps its data in another file; make it whole with qemu-img convert -O qcow2`,
    );
  if (features & CORRUPT) throw damaged(file, 'is marked as corrupt');
  if (features & ~(READ_FEATURES | CORRUPT | EXTERNAL_DATA))
    throw new UnsupportedDiskError(
      'UnsupportedDisk',
      `${file.path} needs features of qcow2 that are not known here; convert it with qemu-img convert -O qcow2`,
    );
}
