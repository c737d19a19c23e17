import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskChangedError, UnsupportedDiskError } from './source.ts';

/**
 * Milliseconds in which two writes may get the same time stamp: kernels before Linux 6.13 stamp files by the timer tick, 10 ms at HZ=100. A file
 * written that recently could be written again unseen, so it is let rest first.
 */
const TIMESTAMP_GRAIN = 20;

export interface ImageFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Bytes for which the file system keeps room: less than the size where there are holes. */
  readonly stored: number;
  /** Fills the buffer. Throws DiskChangedError when the file ends before. */
  read(offset: number, into: Buffer): Promise<void>;
  /** So many bytes, or as many as there are. */
  peek(offset: number, length: number): Promise<Buffer>;
}

/** The files of one disk, each opened once and held: what was checked is what is read, whatever happens to their names. */
export class ImageFiles {
  readonly #files: ImageFile[] = [];
  readonly #fingerprints: string[] = [];

  /** Opens a file for reading. Throws UnsupportedDiskError for what is no file. */
  async open(path: string): Promise<ImageFile> {
    // A pipe would be waited for until somebody writes to it.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const file = await imageFile(path, handle);
      this.#fingerprints.push(await restingFingerprint(handle));
      this.#files.push(file);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Opens a file that an image names: one beside it, whatever the image says, and not by way of a link that leads elsewhere. */
  async openBeside(image: ImageFile, name: string): Promise<ImageFile> {
    const folder = await realpath(dirname(image.path));
    const path = folder + sep + name;
    const real = /[/\\\0]/.test(name) ? undefined : await realpath(path).catch(() => undefined);
    if (real !== undefined && dirname(real) === folder) return this.open(path);
    const what = real === undefined ? 'which is not beside it' : 'a link that leads to another folder';
    throw new UnsupportedDiskError(
      'ForeignExtent',
      `${image.path} names ${JSON.stringify(name)} as a part of the disk, ${what}; put all parts of the disk into its folder`,
    );
  }

  /** Which files, how long, and when their bytes and inodes last changed: as they were opened, and as they are. */
  readonly fingerprint = () => this.#fingerprints.join(' ');

  async currentFingerprint(): Promise<string> {
    return (await Promise.all(this.#files.map(({ handle }) => fingerprintOf(handle)))).join(' ');
  }

  async close(): Promise<void> {
    for (const { handle } of this.#files.splice(0)) await handle.close();
  }
}

async function imageFile(path: string, handle: FileHandle): Promise<ImageFile> {
  const kind = await handle.stat();
  if (!kind.isFile())
    throw new UnsupportedDiskError('NotAFile', `${path} is not a regular file; only disk images in files are read`);
  return {
    path,
    handle,
    size: kind.size,
    stored: kind.blocks * 512,
    async read(offset, into) {
      if ((await readUpTo(handle, offset, into)) < into.length)
        throw new DiskChangedError(`${path} became shorter while it was copied; run again when nothing writes it`);
    },
    async peek(offset, length) {
      const into = Buffer.alloc(length);
      return into.subarray(0, await readUpTo(handle, offset, into));
    },
  };
}

/** Answers how many bytes there were. */
async function readUpTo(handle: FileHandle, offset: number, into: Buffer): Promise<number> {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, offset + filled);
    if (bytesRead === 0) return filled;
    filled += bytesRead;
  }
  return into.length;
}

async function restingFingerprint(handle: FileHandle): Promise<string> {
  const { mtimeMs, ctimeMs } = await handle.stat();
  const age = Date.now() - Math.max(mtimeMs, ctimeMs);
  if (age >= 0 && age < TIMESTAMP_GRAIN) await sleep(TIMESTAMP_GRAIN);
  return fingerprintOf(handle);
}

async function fingerprintOf(handle: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
