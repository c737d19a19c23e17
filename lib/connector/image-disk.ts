import { type Bytes, joinedBytes } from './bytes.ts';
import { layoutOf } from './formats/formats.ts';
import { damaged, type Part } from './formats/part.ts';
import { ImageFiles } from './image-files.ts';
import type { ImagePath } from './image-servers.ts';
import { openQemuNbd } from './qemu-nbd.ts';
import { ChangesUnknownError, type Disk, DiskChangedError, type Extent, type Point } from './source.ts';

export interface ImageDisk extends Disk {
  /** Changes with every write to one of the disk's files. */
  readonly fingerprint: string;
  currentFingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** Opens a disk image for reading. Throws UnsupportedDiskError, MissingProgramError. `examine` looks for damage, which takes a while for a large disk. */
export async function openImageDisk({ path, key }: ImagePath, { examine = false } = {}): Promise<ImageDisk> {
  const files = new ImageFiles();
  const parts: Bytes[] = [];
  const close = async () => {
    for (const part of parts) await part.close();
    await files.close();
  };
  try {
    const file = await files.open(path);
    for (const part of await layoutOf(path)(file, files)) {
      if (examine) await part.examine?.();
      parts.push(await bytesOf(part));
    }
    return diskOf(key, joinedBytes(parts), { files, close });
  } catch (error) {
    await close();
    throw error;
  }
}

async function bytesOf(part: Part): Promise<Bytes> {
  if (part.kind === 'own') return part.bytes;
  const bytes = await openQemuNbd(part);
  if (bytes.size === part.size) return bytes;
  await bytes.close();
  throw damaged(part.file, `says that it has ${part.size} bytes, but qemu-nbd finds ${bytes.size}`);
}

function diskOf(key: string, bytes: Bytes, { files, close }: { files: ImageFiles; close(): Promise<void> }): ImageDisk {
  return {
    key,
    size: bytes.size,
    fingerprint: files.fingerprint(),
    currentFingerprint: () => files.currentFingerprint(),
    close,
    read: (offset, into) => bytes.read(offset, into),
    allocated: () => bytes.allocated(),
    // biome-ignore lint/correctness/useYield: a file knows of no changes
    async *changedSince(): AsyncGenerator<Extent> {
      throw new ChangesUnknownError(`${key} is a file, which has no list of changes`);
    },
  };
}

/**
 * A folder cannot hold its files still: the point is the files as they are, and `verify` tells whether they still are. A program that writes through
 * a memory map is seen once the kernel has stamped the file, at the latest when it syncs.
 */
export function frozenPoint(server: string, disks: readonly ImageDisk[]): Point {
  const close = async () => {
    for (const disk of disks) await disk.close();
  };
  return {
    ref: JSON.stringify({ server, disks: disks.map(({ key, fingerprint }) => [key, fingerprint]) }),
    server,
    at: Date.now(),
    disks: async () => disks,
    async verify() {
      for (const disk of disks) {
        if ((await disk.currentFingerprint()) === disk.fingerprint) continue;
        throw new DiskChangedError(
          `disk ${disk.key} of ${server} was written while it was copied; stop what writes it, or put a copy of it there, and run again`,
        );
      }
    },
    close,
    release: close,
  };
}
