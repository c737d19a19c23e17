import type { Inode, Volume } from './ext4.ts';
import { bytesAt, UnreadableFileSystemError } from './file-system.ts';

const EXTENTS_FLAG = 0x80000;
const INLINE_FLAG = 0x10000000;
const EXTENT_MAGIC = 0xf30a;
/** Levels of a tree of extents. Source: the kernel's documentation. */
const MAX_DEPTH = 5;
/** Pieces of a file: more than any file has that is looked at. */
const MAX_RUNS = 100_000;
/** An extent longer than that is room that was never written. */
const MAX_WRITTEN = 32_768;
/** Bytes that are read at once. */
const CHUNK = 2 ** 20;

/** Neighbouring blocks of a file. */
interface Run {
  /** Of the file. */
  readonly first: number;
  readonly blocks: number;
  /** Of the file system. */
  readonly start: number;
}

/** The content of a file, chunk by chunk; holes are zeros. Throws UnreadableFileSystemError. */
export async function* contentOf(volume: Volume, inode: Inode): AsyncGenerator<Buffer> {
  if (inode.flags & INLINE_FLAG) {
    if (inode.size > inode.map.length)
      throw new UnreadableFileSystemError('it keeps files inside of inodes, of a kind that is not read');
    return yield inode.map.subarray(0, inode.size);
  }
  const blocks = Math.ceil(inode.size / volume.blockSize);
  const runs =
    inode.flags & EXTENTS_FLAG ? await extentsIn(inode.map, volume) : await mapped(volume, inode.map, blocks);
  let at = 0;
  for (const run of runs.sort((one, other) => one.first - other.first)) {
    const start = run.first * volume.blockSize;
    if (start < at) throw new UnreadableFileSystemError('two pieces of a file overlap');
    yield* zeros(Math.min(start, inode.size) - at);
    at = Math.min(start, inode.size);
    const end = Math.min(start + run.blocks * volume.blockSize, inode.size);
    for (; at < end; at += CHUNK)
      yield await bytesAt(volume.reader, run.start * volume.blockSize + at - start, Math.min(CHUNK, end - at));
    at = Math.max(end, start);
    if (at >= inode.size) return;
  }
  yield* zeros(inode.size - at);
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK) yield Buffer.alloc(Math.min(CHUNK, left));
}

async function extentsIn(node: Buffer, volume: Volume, depth = MAX_DEPTH, runs: Run[] = []): Promise<Run[]> {
  if (node.readUInt16LE(0) !== EXTENT_MAGIC)
    throw new UnreadableFileSystemError('the pieces of a file are not where they should be');
  const entries = Math.min(node.readUInt16LE(2), Math.floor((node.length - 12) / 12));
  const isLeaf = node.readUInt16LE(6) === 0;
  if (!isLeaf && depth === 0) throw new UnreadableFileSystemError('the tree of a file’s pieces is too deep');
  for (let entry = 0; entry < entries; entry++) {
    const at = 12 + entry * 12;
    if (isLeaf) addExtent(node, at, runs);
    else {
      const block = node.readUInt16LE(at + 8) * 2 ** 32 + node.readUInt32LE(at + 4);
      await extentsIn(
        await bytesAt(volume.reader, block * volume.blockSize, volume.blockSize),
        volume,
        depth - 1,
        runs,
      );
    }
  }
  return runs;
}

function addExtent(node: Buffer, at: number, runs: Run[]) {
  const blocks = node.readUInt16LE(at + 4);
  if (blocks > MAX_WRITTEN) return;
  const start = node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8);
  if (runs.push({ first: node.readUInt32LE(at), blocks, start }) > MAX_RUNS)
    throw new UnreadableFileSystemError('a file has too many pieces');
}

/** The map of ext2 and ext3: twelve blocks, then blocks of numbers of blocks, up to three deep. */
async function mapped(volume: Volume, map: Buffer, blocks: number): Promise<Run[]> {
  const runs: Run[] = [];
  const state = { volume, blocks, runs, next: 0 };
  for (let slot = 0; slot < 15; slot++) await addMapped(map.readUInt32LE(slot * 4), Math.max(0, slot - 11), state);
  return runs;
}

interface Mapping {
  readonly volume: Volume;
  /** Of the file. */
  readonly blocks: number;
  readonly runs: Run[];
  next: number;
}

async function addMapped(start: number, level: number, state: Mapping): Promise<void> {
  const { volume, blocks, runs } = state;
  if (state.next >= blocks) return;
  if (level === 0) {
    const last = runs.at(-1);
    const first = state.next++;
    if (start === 0) return;
    if (last && last.first + last.blocks === first && last.start + last.blocks === start)
      runs[runs.length - 1] = { ...last, blocks: last.blocks + 1 };
    else if (runs.push({ first, blocks: 1, start }) > MAX_RUNS)
      throw new UnreadableFileSystemError('a file has too many pieces');
    return;
  }
  const perBlock = volume.blockSize / 4;
  if (start === 0) {
    state.next += perBlock ** level;
    return;
  }
  const numbers = await bytesAt(volume.reader, start * volume.blockSize, volume.blockSize);
  for (let at = 0; at < numbers.length && state.next < blocks; at += 4)
    await addMapped(numbers.readUInt32LE(at), level - 1, state);
}
