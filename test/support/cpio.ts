/** An entry of an archive: a folder, or a file with its content. */
export interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly content?: Buffer;
}

/** A cpio archive in the form that Linux takes as its initial file system. Source: the kernel's documentation, buffer-format. */
export function cpio(entries: readonly Entry[]): Buffer {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  return Buffer.concat(all.flatMap((entry, position) => record(entry, position + 1)));
}

function record({ path, mode, content = Buffer.alloc(0) }: Entry, inode: number): Buffer[] {
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.from(`${header}${path}\0`)), padded(content)];
}

/** Names and contents begin at multiples of four. */
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
