/** A file or a symbolic link, by its path from the root without a leading slash. The folders on the way need not be named. */
export interface Entry {
  readonly path: string;
  /** Permission bits; 0644 for files. */
  readonly mode?: number;
  readonly content?: Buffer | string;
  /** Where a symbolic link leads; shorter than 60 bytes, so that it fits into the inode. */
  readonly link?: string;
}

export interface Node {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'link';
  readonly mode: number;
  readonly inode: number;
  readonly parent: Node | undefined;
  readonly children: Node[];
  /** Of a file, its bytes; of a link, its target. */
  readonly content: Buffer;
}

const ROOT_INODE = 2;
/** The first inode that is not reserved; by custom it is lost+found's, where e2fsck puts what it finds. */
const FIRST_INODE = 11;
const LONGEST_LINK = 59;
const LONGEST_NAME = 255;

/** The tree of all nodes, each folder before what is in it. The root is the first. */
export function treeOf(entries: readonly Entry[]): Node[] {
  const nodes: Node[] = [];
  const byPath = new Map<string, Node>();
  const add = (path: string, node: Omit<Node, 'name' | 'parent' | 'children' | 'inode'>) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (Buffer.byteLength(name) > LONGEST_NAME)
      throw new Error(`the name ${name} is longer than ${LONGEST_NAME} bytes`);
    if (byPath.has(path)) throw new Error(`${path} is there twice`);
    const parent = path === '' ? undefined : folderAt(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    const inode = path === '' ? ROOT_INODE : FIRST_INODE + nodes.length - 1;
    const added: Node = { ...node, name, inode, parent, children: [] };
    parent?.children.push(added);
    nodes.push(added);
    byPath.set(path, added);
    return added;
  };
  const folderAt = (path: string): Node =>
    byPath.get(path) ?? add(path, { kind: 'folder', mode: 0o755, content: NOTHING });

  add('', { kind: 'folder', mode: 0o755, content: NOTHING });
  add('lost+found', { kind: 'folder', mode: 0o700, content: NOTHING });
  for (const { path, mode, content, link } of entries) {
    // The parents' inodes come first.
    folderAt(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    if (link === undefined) add(path, { kind: 'file', mode: mode ?? 0o644, content: Buffer.from(content ?? '') });
    else if (Buffer.byteLength(link) > LONGEST_LINK) throw new Error(`the link ${path} leads too far for its inode`);
    else add(path, { kind: 'link', mode: 0o777, content: Buffer.from(link) });
  }
  return nodes;
}

const NOTHING = Buffer.alloc(0);
