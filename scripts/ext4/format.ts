import { folderBlocks } from './folder.ts';
import { BLOCK, type Geometry, type Group, geometryOf, INODE_SIZE, INODES_PER_GROUP } from './geometry.ts';
import { inodeOf, type Run } from './inode.ts';
import { descriptors, type Label, superblock, type Usage } from './superblock.ts';
import { type Entry, type Node, treeOf } from './tree.ts';

/** Bytes that stand somewhere in the partition. What no piece covers is zero. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Inodes 1 to 10 are reserved; lost+found has the next. */
const RESERVED_INODES = 10;

/** An ext4 file system of that size with these files in it: the pieces to write. The same input gives the same bytes. */
export function* formatExt4(size: number, entries: readonly Entry[], label: Label): Generator<Piece> {
  const geometry = geometryOf(size);
  const nodes = treeOf(entries);
  if (RESERVED_INODES + nodes.length > geometry.groups.length * INODES_PER_GROUP)
    throw new Error(`${nodes.length} files and folders do not fit; make the partition larger`);
  const room = new Room(geometry);
  for (const node of nodes) {
    const content = node.kind === 'folder' ? folderBlocks(node) : node.content;
    const runs = node.kind === 'link' ? [] : room.take(Math.ceil(content.length / BLOCK));
    yield { offset: inodeOffset(node, geometry), bytes: inodeOf(node, runs, label.at) };
    let taken = 0;
    for (const { start, blocks } of runs) {
      yield { offset: start * BLOCK, bytes: content.subarray(taken, taken + blocks * BLOCK) };
      taken += blocks * BLOCK;
    }
  }
  yield* metadata(geometry, nodes, { room, label });
}

function* metadata(
  geometry: Geometry,
  nodes: readonly Node[],
  { room, label }: { room: Room; label: Label },
): Generator<Piece> {
  const usage = geometry.groups.map((group) => usageOf(group, nodes, room));
  for (const group of geometry.groups) {
    const inodes = inodesUsed(group, nodes);
    yield { offset: group.blockBitmap * BLOCK, bytes: bitmap(room.usedIn(group), group.blocks) };
    yield { offset: group.inodeBitmap * BLOCK, bytes: bitmap(inodes, INODES_PER_GROUP) };
    if (!group.hasSuperblock) continue;
    // The first 1024 bytes of the partition belong to a boot loader.
    const offset = group.number === 0 ? 1024 : group.start * BLOCK;
    yield { offset, bytes: superblock(group.number, geometry, { usage, label }) };
    yield { offset: (group.start + 1) * BLOCK, bytes: descriptors(geometry, usage) };
  }
}

function usageOf(group: Group, nodes: readonly Node[], room: Room): Usage {
  const inGroup = nodes.filter(({ inode }) => groupOf(inode) === group.number);
  return {
    freeBlocks: group.blocks - room.usedIn(group),
    freeInodes: INODES_PER_GROUP - inodesUsed(group, nodes),
    folders: inGroup.filter(({ kind }) => kind === 'folder').length,
  };
}

/** Inodes are given out in order and without gaps, the reserved ones first. */
const inodesUsed = ({ number }: Group, nodes: readonly Node[]) =>
  Math.min(INODES_PER_GROUP, Math.max(0, RESERVED_INODES + nodes.length - 1 - number * INODES_PER_GROUP));

const groupOf = (inode: number) => Math.floor((inode - 1) / INODES_PER_GROUP);

const inodeOffset = ({ inode }: Node, { groups }: Geometry) =>
  groups[groupOf(inode)]!.inodeTable * BLOCK + ((inode - 1) % INODES_PER_GROUP) * INODE_SIZE;

/** A block of bits: the first `used` of `count` are set, and those behind `count`, which stand for nothing. */
function bitmap(used: number, count: number): Buffer {
  const bits = Buffer.alloc(BLOCK);
  const set = (bit: number) => {
    bits[bit >> 3]! |= 1 << (bit & 7);
  };
  for (let bit = 0; bit < used; bit++) set(bit);
  for (let bit = count; bit < 8 * BLOCK; bit++) set(bit);
  return bits;
}

/** Gives out blocks in ascending order, so that in each group the used ones are the first. */
class Room {
  readonly #groups: readonly Group[];
  /** The next free block of each group. */
  readonly #next: number[];

  constructor({ groups }: Geometry) {
    this.#groups = groups;
    this.#next = groups.map(({ data }) => data);
  }

  take(blocks: number): Run[] {
    const runs: Run[] = [];
    let missing = blocks;
    for (const [number, group] of this.#groups.entries()) {
      const start = this.#next[number]!;
      const taken = Math.min(missing, group.start + group.blocks - start);
      if (taken <= 0) continue;
      runs.push({ start, blocks: taken });
      this.#next[number] = start + taken;
      missing -= taken;
    }
    if (missing > 0) throw new Error(`the files need ${missing * BLOCK} bytes more than the partition has`);
    return runs;
  }

  usedIn = ({ number, start }: Group): number => this.#next[number]! - start;
}
