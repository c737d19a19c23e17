import { BLOCK, INODE_SIZE } from './geometry.ts';
import type { Node } from './tree.ts';

/** A run of blocks. */
export interface Run {
  readonly start: number;
  readonly blocks: number;
}

const TYPE = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const;
const USES_EXTENTS = 0x80000;
const EXTENT_MAGIC = 0xf30a;
/** Extents that an inode holds itself. */
const MAX_EXTENTS = 4;
/** Bytes of the fields behind the first 128: enough for the time of creation. */
const EXTRA_SIZE = 32;

/** The inode of a node whose content lies in these runs. Times are seconds since the epoch. */
export function inodeOf(node: Node, runs: readonly Run[], at: number): Buffer {
  const blocks = runs.reduce((sum, run) => sum + run.blocks, 0);
  const inode = Buffer.alloc(INODE_SIZE);
  inode.writeUInt16LE(TYPE[node.kind] | node.mode, 0);
  inode.writeUInt32LE(node.kind === 'folder' ? blocks * BLOCK : node.content.length, 4);
  for (const offset of [8, 12, 16, 144]) inode.writeUInt32LE(at, offset);
  inode.writeUInt16LE(linksTo(node), 26);
  inode.writeUInt32LE((blocks * BLOCK) / 512, 28);
  inode.writeUInt16LE(EXTRA_SIZE, 128);
  if (node.kind === 'link') node.content.copy(inode, 40);
  else writeExtents(inode, runs);
  return inode;
}

/** Names that lead to it: its own; a folder's `.`, and the `..` of each folder in it. */
const linksTo = ({ kind, children }: Node) =>
  kind === 'folder' ? 2 + children.filter((child) => child.kind === 'folder').length : 1;

function writeExtents(inode: Buffer, runs: readonly Run[]) {
  if (runs.length > MAX_EXTENTS)
    throw new Error(`a file of ${runs.length} runs; the formatter writes at most ${MAX_EXTENTS}`);
  inode.writeUInt32LE(USES_EXTENTS, 32);
  inode.writeUInt16LE(EXTENT_MAGIC, 40);
  inode.writeUInt16LE(runs.length, 42);
  inode.writeUInt16LE(MAX_EXTENTS, 44);
  let logical = 0;
  for (const [position, { start, blocks }] of runs.entries()) {
    const offset = 52 + 12 * position;
    inode.writeUInt32LE(logical, offset);
    inode.writeUInt16LE(blocks, offset + 4);
    inode.writeUInt32LE(start, offset + 8);
    logical += blocks;
  }
}
