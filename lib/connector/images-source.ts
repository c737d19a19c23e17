import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { VmManagerType } from '../domain/entities.ts';
import { applicationsIn } from './applications-file.ts';
import { problemsOf } from './disk-problems.ts';
import { frozenPoint, type ImageDisk, openImageDisk } from './image-disk.ts';
import { findServer, type ImageServer, inventory } from './image-servers.ts';
import { type Point, type Source, UnsupportedDiskError, type VmId } from './source.ts';
import { uuidOf } from './uuid-of.ts';

/**
 * `images:FOLDER`, a data centre of files. Each sub-folder with disk images is a server, and they are its disks in the order of their names; an image
 * file in FOLDER itself is a server with one disk. A server's id is its path below FOLDER, so renaming it makes another server. `hyperv:FOLDER` is the
 * same of machines that Hyper-V exported.
 *
 * SMS knows three kinds of managers. A folder of disks is none of them; most clients of SMS handle VSPHERE best.
 */
export function imagesSource(folder: string, { type = 'VSPHERE' }: { type?: VmManagerType } = {}): Source {
  const root = realpathSync(folder);
  return {
    manager: { id: uuidOf(root), name: basename(root), type },
    capabilities: { changeTracking: false, batch: false, quiesce: false, live: false },
    inventory: () => inventory(root),
    applications: () => applicationsIn(root),
    check: async (server) => problemsOf(await findServer(root, server)),
    freeze: (servers) => freezeAll(root, servers),
    reopen: (ref) => reopen(root, ref),
  };
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
  const disks: ImageDisk[] = [];
  try {
    for (const image of server.images) disks.push(await openImageDisk(image));
  } catch (error) {
    for (const disk of disks) await disk.close();
    if (!(error instanceof UnsupportedDiskError)) throw error;
    throw new UnsupportedDiskError(error.code, `server ${server.id}: ${error.message}`);
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
