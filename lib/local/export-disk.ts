import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { qemuImg } from '../connector/qemu-img.ts';
import type { ImageDisk } from '../ports.ts';
import { BLOCK_SIZE, type Snapshots } from '../snapshots.ts';

/** Formats that a disk can be exported in. All but raw are written by qemu-img. */
export const EXPORT_FORMATS = ['raw', 'qcow2', 'vmdk'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Blocks under way at once: enough to read the next while one is hashed and one written. */
const WORKERS = 4;

/** The disk cannot be written where, or in the format, that was asked for. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/**
 * Writes a disk of an image into a file, byte for byte as it was copied; every block is checked against its digest. The file appears when it is whole.
 * Answers how many bytes of data there were.
 */
export async function exportDisk(
  disk: ImageDisk,
  { format, output }: { format: ExportFormat; output: string },
  snapshots: Snapshots,
): Promise<number> {
  if (await stat(output).catch(ignoreAbsence)) throw new ExportError(`${output} is there already; name another file`);
  if (format !== 'raw') await demandQemuImg(format);
  const raw = `${output}.partial.raw`;
  const partial = `${output}.partial`;
  try {
    const bytes = await writeRaw(disk, raw, snapshots);
    if (format !== 'raw') await runQemuImg(['convert', '-f', 'raw', '-O', format, raw, partial]);
    await rename(format === 'raw' ? raw : partial, output);
    return bytes;
  } finally {
    for (const path of [raw, partial]) await rm(path, { force: true });
  }
}

async function writeRaw(disk: ImageDisk, path: string, snapshots: Snapshots): Promise<number> {
  const file = await open(path, 'w');
  try {
    await file.truncate(disk.bytes);
    const bytes = await writeBlocks(disk, file, snapshots);
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

/** Writes the blocks that are not absent; between them the file has holes. */
async function writeBlocks({ snapshotId, bytes }: ImageDisk, file: FileHandle, snapshots: Snapshots): Promise<number> {
  const blocks = snapshots.list(snapshotId)[Symbol.asyncIterator]();
  let written = 0;
  const work = async () => {
    for (let next = await blocks.next(); !next.done; next = await blocks.next()) {
      const { index, token } = next.value;
      const { data } = await snapshots.read(snapshotId, index, token);
      // The last block of the snapshot reaches behind the end of the disk.
      const length = Math.min(BLOCK_SIZE, bytes - index * BLOCK_SIZE);
      await file.write(data, 0, length, index * BLOCK_SIZE);
      written += length;
    }
  };
  // All have ended when the first failure is told: nobody writes into a file that is gone.
  const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
  const failure = ends.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failure) throw failure.reason;
  return written;
}

async function demandQemuImg(format: ExportFormat) {
  await runQemuImg(['--version']).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new ExportError(
      `${format} is written by qemu-img, which is not installed: install it (Debian package qemu-utils), or export --format raw`,
    );
  });
}

async function runQemuImg(args: readonly string[]): Promise<void> {
  const { status, complaint } = await qemuImg(args);
  if (status !== 0) throw new ExportError(`qemu-img ${args[0]} failed with status ${status}: ${complaint}`);
}

function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
