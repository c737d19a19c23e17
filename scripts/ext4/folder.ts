import { BLOCK } from './geometry.ts';
import type { Node } from './tree.ts';

const FILE_TYPE = { file: 1, folder: 2, link: 7 } as const;

/** The blocks of a folder: its entries, none across the end of a block, the last of each block reaching to its end. */
export function folderBlocks(folder: Node): Buffer {
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(BLOCK);
  let [position, last] = [0, 0];
  const close = () => {
    block.writeUInt16LE(BLOCK - last, last + 4);
    blocks.push(block);
  };
  for (const { name, inode, kind } of namesIn(folder)) {
    const length = 8 + Math.ceil(Buffer.byteLength(name) / 4) * 4;
    if (position + length > BLOCK) {
      close();
      block = Buffer.alloc(BLOCK);
      position = 0;
    }
    last = position;
    block.writeUInt32LE(inode, position);
    block.writeUInt16LE(length, position + 4);
    block.writeUInt8(Buffer.byteLength(name), position + 6);
    block.writeUInt8(FILE_TYPE[kind], position + 7);
    block.write(name, position + 8);
    position += length;
  }
  close();
  return Buffer.concat(blocks);
}

/** The root is its own parent. */
function* namesIn(folder: Node): Generator<Pick<Node, 'name' | 'inode' | 'kind'>> {
  yield { name: '.', inode: folder.inode, kind: 'folder' };
  yield { name: '..', inode: (folder.parent ?? folder).inode, kind: 'folder' };
  yield* folder.children;
}
