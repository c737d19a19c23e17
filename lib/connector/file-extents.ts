import type { ImageFile } from './image-files.ts';
import { openQemuNbd } from './qemu-nbd.ts';
import { type Extent, MissingProgramError, UnsupportedDiskError } from './source.ts';

/** Bytes of holes in a file from which it pays to ask where they are: reading so many zeros takes as long as the start of qemu-nbd. */
const WORTH_ASKING = 2 ** 28;

/**
 * Where a file has data between `offset` and `offset + size`, counted from `offset`. Node has no SEEK_HOLE; qemu-nbd has, where it is installed.
 * Without it, or when it cannot, holes are read, and found by their zeros.
 */
export async function* fileExtents(file: ImageFile, { offset, size }: { offset: number; size: number }) {
  if (file.size - file.stored >= WORTH_ASKING)
    for await (const extent of askedExtents(file)) {
      const start = Math.max(extent.offset, offset);
      const end = Math.min(extent.offset + extent.length, offset + size);
      if (start < end) yield { offset: start - offset, length: end - start };
    }
  else if (size > 0) yield { offset: 0, length: size };
}

async function* askedExtents(file: ImageFile): AsyncGenerator<Extent> {
  try {
    const bytes = await openQemuNbd({ file, driver: 'raw' });
    try {
      yield* bytes.allocated();
    } finally {
      await bytes.close();
    }
  } catch (error) {
    if (!(error instanceof MissingProgramError || error instanceof UnsupportedDiskError)) throw error;
    yield { offset: 0, length: file.size };
  }
}
