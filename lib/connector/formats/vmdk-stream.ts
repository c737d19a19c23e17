import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

/** The stream is not what it should be, or ends early. */
export class VmdkStreamError extends Error {
  override readonly name = 'VmdkStreamError';
}

/** Bytes of a disk at their place in it; between them there are zeros. */
export interface Grain {
  readonly offset: number;
  readonly data: Buffer;
}

const SECTOR = 512;
const MAGIC = 'KDMV';
/** Of the flags: grains are compressed, markers lie between them. Source of all here: VMware Virtual Disk Format 1.1, streamOptimized. */
const COMPRESSED_WITH_MARKERS = 0x30000;
/** The directory is named by a footer at the end: the stream was written forwards. */
const AT_END = 0xffff_ffff_ffff_ffffn;
const MARKER = { end: 0, footer: 3 } as const;
const MAX_GRAIN_SECTORS = 2048;
/** Sectors of a table, or of the directory: that of a disk of 64 TiB. */
const MAX_METADATA = 2 ** 22;
/** Grains that are decompressed ahead, in threads. */
const AHEAD = 16;
const decompress = promisify<Buffer, { maxOutputLength: number; chunkSize: number }, Buffer>(inflate);

/** The grains of a streamOptimized VMDK as they come, in ascending order. Throws VmdkStreamError unless the disk has `size` bytes and its end is there. */
export async function* readVmdkStream(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Grain> {
  const waiting: { readonly offset: number; readonly data: Promise<Buffer> }[] = [];
  for await (const { offset, compressed, length } of compressedGrains(source, size)) {
    // Room for all of it at once, and for zlib to see that it is all: a third of the time.
    const inflated = decompress(compressed, { maxOutputLength: length.whole, chunkSize: length.whole + 64 });
    const data = inflated.then((bytes) => demandLength(bytes, length.inDisk));
    // It is waited for below; a failure before that is no unhandled one.
    data.catch(() => {});
    waiting.push({ offset, data });
    if (waiting.length === AHEAD) yield await grainOf(waiting.shift()!);
  }
  for (const one of waiting) yield await grainOf(one);
}

async function grainOf({ offset, data }: { offset: number; data: Promise<Buffer> }): Promise<Grain> {
  try {
    return { offset, data: await data };
  } catch (error) {
    throw new VmdkStreamError(`the grain of ${offset} cannot be decompressed: ${(error as Error).message}`);
  }
}

function demandLength(bytes: Buffer, wanted: number): Buffer {
  if (bytes.length < wanted) throw new VmdkStreamError(`it has ${bytes.length} bytes of ${wanted}`);
  return bytes.subarray(0, wanted);
}

interface CompressedGrain {
  readonly offset: number;
  readonly compressed: Buffer;
  readonly length: { readonly whole: number; readonly inDisk: number };
}

async function* compressedGrains(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<CompressedGrain> {
  const stream = takingFrom(source);
  const { grainSize, overhead } = readHeader(await stream.take(SECTOR), size);
  await stream.skip(overhead - SECTOR);
  let next = 0;
  let hasFooter = false;
  for (;;) {
    const marker = await stream.take(SECTOR);
    const length = marker.readUInt32LE(8);
    if (length === 0) {
      const kind = marker.readUInt32LE(12);
      if (kind === MARKER.end) break;
      const sectors = Number(marker.readBigUInt64LE(0));
      if (sectors > MAX_METADATA) throw new VmdkStreamError('a marker names more than there can be');
      await stream.skip(sectors * SECTOR);
      hasFooter ||= kind === MARKER.footer;
      continue;
    }
    const offset = Number(marker.readBigUInt64LE(0)) * SECTOR;
    if (offset < next || offset >= size || offset % grainSize !== 0 || length > 2 * grainSize)
      throw new VmdkStreamError(`a grain of ${length} bytes at ${offset} is out of place`);
    next = offset + grainSize;
    yield {
      offset,
      compressed: await stream.rest(marker.subarray(12), length),
      length: { whole: grainSize, inDisk: Math.min(grainSize, size - offset) },
    };
  }
  if (!hasFooter) throw new VmdkStreamError('the footer is missing');
}

function readHeader(header: Buffer, size: number) {
  const grainSectors = Number(header.readBigUInt64LE(20));
  const overhead = Number(header.readBigUInt64LE(64)) * SECTOR;
  if (
    header.toString('latin1', 0, 4) !== MAGIC ||
    (header.readUInt32LE(8) & COMPRESSED_WITH_MARKERS) !== COMPRESSED_WITH_MARKERS ||
    header.readBigUInt64LE(56) !== AT_END ||
    !(grainSectors > 0 && grainSectors <= MAX_GRAIN_SECTORS) ||
    !(overhead >= SECTOR && overhead <= MAX_METADATA * SECTOR)
  )
    throw new VmdkStreamError('it does not begin as a streamOptimized VMDK');
  const capacity = Number(header.readBigUInt64LE(12)) * SECTOR;
  if (capacity !== size)
    throw new VmdkStreamError(`it is of a disk of ${capacity} bytes, and should be of one of ${size}`);
  return { grainSize: grainSectors * SECTOR, overhead };
}

/** Takes bytes from a stream, so many at a time. */
function takingFrom(source: AsyncIterable<Buffer>) {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<Buffer> => {
    const { done, value } = await iterator.next();
    if (done) throw new VmdkStreamError('it ends before its end marker');
    return value;
  };
  const take = async (length: number): Promise<Buffer> => {
    if (held.length < length) {
      const parts = [held];
      for (let there = held.length; there < length; there += parts.at(-1)!.length) parts.push(await more());
      held = Buffer.concat(parts);
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
  return {
    take,
    async skip(length: number) {
      let left = length;
      for (; left > held.length; held = await more()) left -= held.length;
      held = held.subarray(left);
    },
    /** Bytes that begin with what was taken already, up to the end of their last sector; answers `length` of them. */
    async rest(begun: Buffer, length: number) {
      const missing = Math.ceil(Math.max(0, length - begun.length) / SECTOR) * SECTOR;
      return Buffer.concat([begun, await take(missing)]).subarray(0, length);
    },
  };
}
