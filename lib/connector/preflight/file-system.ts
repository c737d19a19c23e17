/** Bytes that can be read anywhere: a disk, or a partition of one. */
export interface Reader {
  readonly size: number;
  read(offset: number, into: Buffer): Promise<void>;
}

/** A file system as far as it is looked at. Paths are absolute; symbolic links are followed within it. */
export interface FileSystem {
  readonly kind: 'ext4' | 'fat';
  /** It was not unmounted: what its journal still holds is not seen. */
  readonly unclean: boolean;
  /** The names in a folder; none where there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Undefined where there is no such file. */
  open(path: string): Promise<FileContent | undefined>;
}

export interface FileContent {
  readonly size: number;
  chunks(): AsyncGenerator<Buffer>;
}

/** A file system that is damaged, hostile, or made by something newer. */
export class UnreadableFileSystemError extends Error {
  override readonly name = 'UnreadableFileSystemError';
}

/** Bytes of a configuration file at most: what is larger is none. */
const MAX_TEXT = 2 ** 20;

/** A small file as text; undefined where there is none. */
export async function textOf(files: FileSystem, path: string): Promise<string | undefined> {
  const file = await files.open(path);
  if (!file || file.size > MAX_TEXT) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export async function bytesAt(reader: Reader, offset: number, length: number): Promise<Buffer> {
  if (offset < 0 || offset + length > reader.size)
    throw new UnreadableFileSystemError(`bytes ${offset} to ${offset + length} are behind the end of the file system`);
  const bytes = Buffer.alloc(length);
  await reader.read(offset, bytes);
  return bytes;
}

/** A part of what can be read. */
export const partOf = (reader: Reader, offset: number, size: number): Reader => ({
  size,
  read: (from, into) => reader.read(offset + from, into),
});
