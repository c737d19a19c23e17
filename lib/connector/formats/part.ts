import type { Bytes } from '../bytes.ts';
import type { ImageFile, ImageFiles } from '../image-files.ts';
import type { QemuImage } from '../qemu-nbd.ts';
import { UnsupportedDiskError } from '../source.ts';

/** Where bytes of a disk come from; a disk is one part, or several one behind the other. */
export type Part = {
  /** Throws UnsupportedDiskError where the file's own tables name bytes that it does not have: they would be read as zeros. */
  readonly examine?: () => Promise<void>;
} & ({ readonly kind: 'own'; readonly bytes: Bytes } | ({ readonly kind: 'qemu'; readonly size: number } & QemuImage));

export const sizeOf = (part: Part): number => (part.kind === 'own' ? part.bytes.size : part.size);

/** Finds the parts of a disk in its image. Throws UnsupportedDiskError. */
export type Layout = (file: ImageFile, files: ImageFiles) => Promise<readonly Part[]>;

/** The file is not what its name says, or lacks a part of it. */
export const damaged = ({ path }: ImageFile, what: string) =>
  new UnsupportedDiskError('DamagedDisk', `${path} ${what}; put an undamaged copy there`);

export const backed = ({ path }: ImageFile, advice: string) =>
  new UnsupportedDiskError(
    'BackingFile',
    `${path} holds only what differs from another image, and such images are not read; ${advice}`,
  );

/** 64 TiB: the largest EBS volume. Source: EBS user guide, volume constraints. */
export const MAX_DISK_SIZE = 2 ** 46;

/** A size of 64 bits as a number; an absurd one is refused before anything is computed of it. */
export function checkedSize(size: bigint, { path }: ImageFile): number {
  if (size <= BigInt(MAX_DISK_SIZE)) return Number(size);
  throw new UnsupportedDiskError(
    'DiskTooLarge',
    `${path} is a disk of ${size} bytes; volumes have ${MAX_DISK_SIZE} (64 TiB) at most`,
  );
}
