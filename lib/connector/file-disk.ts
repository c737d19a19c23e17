import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangesUnknownError, type Disk, DiskChangedError, type Extent, type Point } from './source.ts';

/**
 * Milliseconds in which two writes may get the same time stamp: kernels before Linux 6.13 stamp files by the timer tick, 10 ms at HZ=100. A file
 * written that recently could be written again unseen, so it is let rest first.
 */
const TIMESTAMP_GRAIN = 20;

export interface FileDisk extends Disk {
  /** Changes with every write to the file. */
  readonly fingerprint: string;
  currentFingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** Opens a raw image for reading. */
export async function openFileDisk(path: string): Promise<FileDisk> {
  const file = await open(path, 'r');
  try {
    const fingerprint = await restingFingerprint(file);
    const { size } = await file.stat();
    return {
      key: basename(path),
      size,
      fingerprint,
      currentFingerprint: () => fingerprintOf(file),
      close: () => file.close(),
      read: (offset, into) => readFully(file, { offset, into, path }),
      async *allocated(): AsyncGenerator<Extent> {
        // Node has no SEEK_HOLE; reading a hole costs a fifth of hashing a block, so holes are found by their zeros.
        if (size > 0) yield { offset: 0, length: size };
      },
      // biome-ignore lint/correctness/useYield: a file knows of no changes
      async *changedSince(): AsyncGenerator<Extent> {
        throw new ChangesUnknownError(`${path} is a file, which has no list of changes`);
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * A folder cannot hold its files still: the point is the files as they are, and `verify` tells whether they still are. A program that writes through
 * a memory map is seen once the kernel has stamped the file, at the latest when it syncs.
 */
export function frozenPoint(server: string, disks: readonly FileDisk[]): Point {
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

async function restingFingerprint(file: FileHandle): Promise<string> {
  const { mtimeMs, ctimeMs } = await file.stat();
  const age = Date.now() - Math.max(mtimeMs, ctimeMs);
  if (age >= 0 && age < TIMESTAMP_GRAIN) await sleep(TIMESTAMP_GRAIN);
  return fingerprintOf(file);
}

/** Which file, how long, and when its bytes and its inode last changed, in nanoseconds. */
async function fingerprintOf(file: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

async function readFully(file: FileHandle, { offset, into, path }: { offset: number; into: Buffer; path: string }) {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, offset + filled);
    if (bytesRead === 0)
      throw new DiskChangedError(`${path} became shorter while it was copied; run again when nothing writes it`);
    filled += bytesRead;
  }
}
