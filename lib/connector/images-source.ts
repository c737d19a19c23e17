import { createHash } from 'node:crypto';
import { type Dirent, realpathSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DiscoveredServer } from '../ports.ts';
import {
  type Disk,
  DiskChangedError,
  type Point,
  ServerNotFoundError,
  type Source,
  UnsupportedDiskError,
} from './source.ts';

/** Raw disk images. Other formats come with a later version, through qemu-nbd. */
const RAW = '.img';
const OTHER_FORMATS = ['.vmdk', '.vhd', '.vhdx', '.qcow2'];

/**
 * `images:FOLDER`: a data centre of files. Each sub-folder is a server and its `*.img` files are the disks in the order of their names; an image file
 * that stands in FOLDER itself is a server with one disk. The server's id is its name.
 *
 * A folder cannot freeze its files: a disk that changes while it is copied fails the run (DiskChangedError), nothing is mixed.
 */
export function imagesSource(folder: string): Source {
  const root = realpathSync(folder);
  return {
    // SMS knows three kinds of managers; a folder is most like exported disks of a vSphere data centre, the kind that most clients expect.
    manager: { id: uuidOf(root), name: basename(root), type: 'VSPHERE' },
    inventory: () => inventory(root),
    freeze: (vmId) => freeze(root, vmId),
  };
}

async function* inventory(root: string): AsyncGenerator<DiscoveredServer> {
  for (const entry of await entriesOf(root)) {
    const name = serverName(entry);
    if (!name) continue;
    if (entry.isDirectory() && (await entriesOf(join(root, entry.name))).every((file) => !isImage(file))) continue;
    yield { vmId: name, vmName: name, vmPath: `/${basename(root)}/vm/${name}` };
  }
}

const serverName = (entry: Dirent) =>
  entry.isDirectory() ? entry.name : isImage(entry) ? entry.name.slice(0, -RAW.length) : undefined;

const isImage = (entry: Dirent) => entry.isFile() && entry.name.endsWith(RAW);

/** In the order of their names; hidden ones are not there. */
const entriesOf = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true }))
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

async function freeze(root: string, vmId: string): Promise<Point> {
  const disks: FileDisk[] = [];
  const release = async () => {
    for (const disk of disks) await disk.file.close();
  };
  try {
    for (const path of await diskPaths(root, vmId)) disks.push(await openDisk(path));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    disks,
    release,
    async verify() {
      for (const disk of disks) {
        if ((await fingerprint(disk.file)) === disk.fingerprint) continue;
        throw new DiskChangedError(
          `disk ${disk.key} of ${vmId} was written while it was copied; stop the writer, or copy from a snapshot of it`,
        );
      }
    },
  };
}

async function diskPaths(root: string, vmId: string): Promise<string[]> {
  const entry = (await entriesOf(root)).find((one) => serverName(one) === vmId);
  if (!entry)
    throw new ServerNotFoundError(`no server ${vmId} in ${root}; import the catalog again to see what is there`);
  if (entry.isFile()) return [join(root, entry.name)];
  const files = await entriesOf(join(root, entry.name));
  const foreign = files.find(({ name }) => OTHER_FORMATS.some((format) => name.endsWith(format)));
  if (foreign)
    throw new UnsupportedDiskError(
      `disk ${foreign.name} of ${vmId} is not raw; this version reads raw images (*${RAW}), convert it with qemu-img`,
    );
  return files.filter(isImage).map(({ name }) => join(root, entry.name, name));
}

interface FileDisk extends Disk {
  readonly file: FileHandle;
}

async function openDisk(path: string): Promise<FileDisk> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return {
    file,
    key: basename(path),
    size,
    fingerprint: await fingerprint(file),
    async read(offset, into) {
      const { bytesRead } = await file.read(into, 0, into.length, offset);
      if (bytesRead < into.length) into.fill(0, bytesRead);
    },
  };
}

/** Changes with every write: which file, how long, and when its bytes and its inode last changed, in nanoseconds. */
async function fingerprint(file: FileHandle): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(':');
}

/** A UUID that is the same whenever the text is. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
    .join('-')
    .toUpperCase();
}
