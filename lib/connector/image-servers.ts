import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { DiscoveredServer } from '../ports.ts';
import { isImageName } from './formats/formats.ts';
import { DESCRIPTOR_START, MAX_DESCRIPTOR, namesInDescriptor } from './formats/vmdk-descriptor.ts';
import { ServerNotFoundError, type VmId } from './source.ts';

/** A server of a folder of disk images. */
export interface ImageServer {
  readonly id: VmId;
  /** The disk images in the order of their names. */
  readonly images: readonly ImagePath[];
}

export interface ImagePath {
  readonly path: string;
  /** Names the disk among those of its server: the path from the server's folder. */
  readonly key: string;
}

/** The folder into which Hyper-V exports a machine's disks; those of a checkpoint are beside it. */
const HYPERV_DISKS = 'Virtual Hard Disks';

export async function* inventory(root: string): AsyncGenerator<DiscoveredServer> {
  const names = await namesIn(root);
  const loose = new Set(await imagesAmong(root, names));
  for (const name of names) {
    const server = await serverAt(root, name, loose);
    if (!server) continue;
    const vmName = isImageName(name) ? basename(name, extname(name)) : name;
    yield { vmId: server.id, vmName, vmPath: `/${basename(root)}/vm/${vmName}` };
  }
}

export async function findServer(root: string, id: VmId): Promise<ImageServer> {
  const names = await namesIn(root);
  if (names.includes(id)) {
    const server = await serverAt(root, id, new Set(await imagesAmong(root, names)));
    if (server) return server;
  }
  throw new ServerNotFoundError(`no server ${id} in ${root}; import the server catalog to see which there are`);
}

/** The server that the entry of that name is, if it is one. */
async function serverAt(root: string, name: string, loose: ReadonlySet<string>): Promise<ImageServer | undefined> {
  const path = join(root, name);
  const kind = await stat(path).catch(ignoreDanglingLink);
  if (kind?.isFile() && loose.has(name)) return { id: name, images: [{ path, key: name }] };
  if (!kind?.isDirectory()) return undefined;
  const keys = [...(await imagesOf(path)), ...(await imagesOf(path, HYPERV_DISKS))];
  const images = keys.map((key) => ({ key, path: join(path, key) }));
  return images.length > 0 ? { id: name, images } : undefined;
}

/** Of the images in the folder, their paths from the server's. */
async function imagesOf(server: string, folder = ''): Promise<string[]> {
  const names = await namesIn(join(server, folder)).catch(ignoreAbsence);
  return (await imagesAmong(join(server, folder), names ?? [])).map((name) => join(folder, name));
}

/** By name, hidden entries left out. Compared by code unit, so that the order of disks is the same on every machine. */
const namesIn = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();

/** The images, without those that are a part of another: extents that a VMDK's descriptor names, and VMware's tables of changes. */
async function imagesAmong(folder: string, names: readonly string[]): Promise<string[]> {
  const images = names.filter((name) => isImageName(name) && !/-ctk\.vmdk$/i.test(name));
  const vmdks = images.filter((name) => extname(name).toLowerCase() === '.vmdk');
  const parts = new Set<string>();
  if (vmdks.length > 1)
    for (const name of vmdks)
      for (const part of await partsNamedBy(join(folder, name))) if (part !== name) parts.add(part);
  return images.filter((name) => !parts.has(name));
}

async function partsNamedBy(path: string): Promise<string[]> {
  const real = await realpath(path).catch(ignoreDanglingLink);
  const kind = real === undefined ? undefined : await stat(real);
  if (!kind?.isFile() || kind.size > MAX_DESCRIPTOR) return [];
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(kind.size), 0, kind.size, 0);
    const text = buffer.toString('utf8');
    return text.startsWith(DESCRIPTOR_START) ? namesInDescriptor(text) : [];
  } finally {
    await file.close();
  }
}

function ignoreDanglingLink(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
