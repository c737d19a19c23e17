import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { DiscoveredServer } from '../ports.ts';
import { applicationsIn } from './applications-file.ts';
import { type FileDisk, frozenPoint, openFileDisk } from './file-disk.ts';
import {
  type Point,
  type Problem,
  ServerNotFoundError,
  type Source,
  UnsupportedDiskError,
  type VmId,
} from './source.ts';

/** The formats that can be read. The others are known so that they can be refused by name. */
const RAW = '.img';
const OTHER_FORMATS = ['.vmdk', '.vhd', '.vhdx', '.qcow2', '.vdi'];

/** How files of other formats begin. One that bears a raw disk's name would be copied faithfully and never boot. */
const MAGIC: readonly (readonly [format: string, start: string])[] = [
  ['qcow2', 'QFI\xfb'],
  ['vmdk', 'KDMV'],
  ['vmdk', '# Disk DescriptorFile'],
  ['vhdx', 'vhdxfile'],
  ['vhd', 'conectix'],
];
const MAGIC_LENGTH = 32;

/**
 * `images:FOLDER`, a data centre of files. Each sub-folder with disk images is a server, and its `*.img` files are the disks in the order of their
 * names; an image file in FOLDER itself is a server with one disk. A server's id is its path below FOLDER, so renaming it makes another server.
 */
export function imagesSource(folder: string): Source {
  const root = realpathSync(folder);
  return {
    // SMS knows three kinds of managers. A folder of disks is none of them; most clients of SMS handle VSPHERE best.
    manager: { id: uuidOf(root), name: basename(root), type: 'VSPHERE' },
    capabilities: { changeTracking: false, batch: false, quiesce: false, live: false },
    inventory: () => inventory(root),
    applications: () => applicationsIn(root),
    check: async (server) => problemsOf(await findServer(root, server)),
    freeze: (servers) => freezeAll(root, servers),
    reopen: (ref) => reopen(root, ref),
  };
}

interface ImageServer {
  readonly id: VmId;
  /** Paths of the disk images, whatever their format, in the order of their names. */
  readonly images: readonly string[];
}

async function* inventory(root: string): AsyncGenerator<DiscoveredServer> {
  for (const name of await namesIn(root)) {
    const server = await serverAt(root, name);
    if (!server) continue;
    const vmName = isImage(name) ? basename(name, extname(name)) : name;
    yield { vmId: server.id, vmName, vmPath: `/${basename(root)}/vm/${vmName}` };
  }
}

async function findServer(root: string, id: VmId): Promise<ImageServer> {
  const server = (await namesIn(root)).includes(id) ? await serverAt(root, id) : undefined;
  if (server) return server;
  throw new ServerNotFoundError(`no server ${id} in ${root}; import the server catalog to see which there are`);
}

/** The server that the entry of that name is, if it is one. */
async function serverAt(root: string, name: string): Promise<ImageServer | undefined> {
  const path = join(root, name);
  const kind = await stat(path).catch(ignoreDanglingLink);
  if (kind?.isFile() && isImage(name)) return { id: name, images: [path] };
  if (!kind?.isDirectory()) return undefined;
  const images = (await namesIn(path)).filter(isImage).map((file) => join(path, file));
  return images.length > 0 ? { id: name, images } : undefined;
}

/** By name, hidden entries left out. Compared by code unit, so that the order of disks is the same on every machine. */
const namesIn = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();

const isImage = (name: string) => [RAW, ...OTHER_FORMATS].includes(extname(name).toLowerCase());

function ignoreDanglingLink(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function problemsOf({ images }: ImageServer): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const path of images) {
    const format = await formatOf(path);
    if (format === 'raw') continue;
    const message = `disk ${basename(path)} is a ${format} image; raw images (*${RAW}) can be read so far: convert it with qemu-img convert -O raw`;
    problems.push({ code: 'UnsupportedDisk', message });
  }
  return problems;
}

async function formatOf(path: string): Promise<string> {
  const extension = extname(path).toLowerCase();
  if (extension !== RAW) return extension.slice(1);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_LENGTH), 0, MAGIC_LENGTH, 0);
    const start = buffer.toString('latin1', 0, bytesRead);
    return MAGIC.find(([, magic]) => start.startsWith(magic))?.[0] ?? 'raw';
  } finally {
    await file.close();
  }
}

async function freezeAll(root: string, servers: readonly VmId[]): Promise<Point[]> {
  const points: Point[] = [];
  try {
    for (const server of servers) points.push(await freeze(await findServer(root, server)));
    return points;
  } catch (error) {
    for (const point of points) await point.release();
    throw error;
  }
}

async function freeze(server: ImageServer): Promise<Point> {
  const [problem] = await problemsOf(server);
  if (problem) throw new UnsupportedDiskError(`server ${server.id}: ${problem.message}`);
  const disks: FileDisk[] = [];
  try {
    for (const path of server.images) disks.push(await openFileDisk(path));
  } catch (error) {
    for (const disk of disks) await disk.close();
    throw error;
  }
  return frozenPoint(server.id, disks);
}

/** The files hold the same bytes as long as nobody wrote them; then the server frozen anew is the same point. */
async function reopen(root: string, ref: string): Promise<Point | undefined> {
  const { server } = JSON.parse(ref) as { server: VmId };
  const point = await freezeAll(root, [server]).then(
    ([only]) => only,
    () => undefined,
  );
  if (point?.ref === ref) return point;
  await point?.release();
  return undefined;
}

/** A UUID that is the same whenever the text is: version 8, whose bits are ours to choose. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
