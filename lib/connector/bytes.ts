import { fileExtents } from './file-extents.ts';
import type { ImageFile } from './image-files.ts';
import type { Extent } from './source.ts';

/** Bytes that can be read anywhere: a disk, or a part of one. */
export interface Bytes {
  readonly size: number;
  /** Fills `into` with the bytes from `offset`, all of which lie inside. */
  read(offset: number, into: Buffer): Promise<void>;
  /** Where there may be other bytes than zeros, in ascending order. */
  allocated(): AsyncIterable<Extent>;
  close(): Promise<void>;
}

/** Bytes of a file from `offset` on. The file stays open when they are closed: others may read it, too. */
export const fileBytes = (file: ImageFile, { offset, size }: { offset: number; size: number }): Bytes => ({
  size,
  read: (from, into) => file.read(offset + from, into),
  allocated: () => fileExtents(file, { offset, size }),
  async close() {},
});

export const zeroBytes = (size: number): Bytes => ({
  size,
  async read(_, into) {
    into.fill(0);
  },
  async *allocated() {},
  async close() {},
});

/** The parts one behind the other. */
export function joinedBytes(parts: readonly Bytes[]): Bytes {
  if (parts.length === 1) return parts[0]!;
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  return {
    size,
    async read(offset, into) {
      for (const [index, part] of parts.entries()) {
        const from = Math.max(offset, starts[index]!);
        const to = Math.min(offset + into.length, starts[index]! + part.size);
        if (from < to) await part.read(from - starts[index]!, into.subarray(from - offset, to - offset));
      }
    },
    async *allocated() {
      for (const [index, part] of parts.entries())
        for await (const { offset, length } of part.allocated()) yield { offset: starts[index]! + offset, length };
    },
    async close() {
      for (const part of parts) await part.close();
    },
  };
}
