import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { DiscoveredServer } from '../ports.ts';
import { MAX_DISKS, problemsOfDisk } from './disk-problems.ts';
import { connectNbd, type NbdAddress, type NbdClient } from './nbd/client.ts';
import { NbdProgramError, startNbdProgram } from './nbd-command.ts';
import { type NbdDisk, type NbdServer, readNbdServers } from './nbd-servers-file.ts';
import { DiskReaderError } from './qemu-nbd.ts';
import {
  ChangesUnknownError,
  type Disk,
  type Extent,
  type Point,
  type Problem,
  ServerNotFoundError,
  type Source,
  type VmId,
} from './source.ts';
import { uuidOf } from './uuid-of.ts';

/** Milliseconds without an answer to a read: a program may fetch it from far away. */
const SILENCE_LIMIT = 120_000;

/**
 * `nbd:FILE`: disks that any program serves by NBD, as FILE lists them. That the program serves one instant is its matter, and the operator's: most
 * serve a snapshot. Without change tracking, later runs read all and send what differs.
 */
export function nbdSource(file: string): Source {
  const path = realpathSync(file);
  readNbdServers(path);
  return {
    manager: { id: uuidOf(`nbd:${path}`), name: basename(path), type: 'VSPHERE' },
    capabilities: { changeTracking: false, batch: false, quiesce: false, live: false },
    inventory: () => inventory(path),
    check: async (server) => problemsOf(find(path, server)),
    freeze: async (servers) => freezeAll(servers.map((server) => find(path, server))),
    reopen: (ref) => reopen(path, ref),
  };
}

async function* inventory(path: string): AsyncGenerator<DiscoveredServer> {
  for (const { id, name } of readNbdServers(path))
    yield { vmId: id, vmName: name, vmPath: `/${basename(path)}/vm/${name}` };
}

function find(path: string, id: VmId): NbdServer {
  const server = readNbdServers(path).find((one) => one.id === id);
  if (server) return server;
  throw new ServerNotFoundError(`no server ${id} in ${path}; import the server catalog to see which there are`);
}

async function problemsOf(server: NbdServer): Promise<Problem[]> {
  if (server.disks.length > MAX_DISKS)
    return [
      {
        code: 'TooManyDisks',
        message: `it has ${server.disks.length} disks, and at most ${MAX_DISKS} can be migrated; move some to another server`,
      },
    ];
  const disks: OpenDisk[] = [];
  try {
    for (const disk of server.disks) disks.push(await openDisk(disk, server.id));
    const problems = await Promise.all(disks.map((disk, position) => problemsOfDisk(disk, position === 0)));
    return problems.flat();
  } catch (error) {
    if (error instanceof NbdProgramError) return [{ code: 'NbdProgram', message: error.message }];
    throw error;
  } finally {
    for (const disk of disks) await disk.close();
  }
}

async function freezeAll(servers: readonly NbdServer[]): Promise<Point[]> {
  const points: Point[] = [];
  try {
    for (const server of servers) points.push(await freeze(server));
    return points;
  } catch (error) {
    for (const point of points) await point.release();
    throw error;
  }
}

async function freeze(server: NbdServer): Promise<Point> {
  const disks: OpenDisk[] = [];
  const close = async () => {
    for (const disk of disks) await disk.close();
  };
  try {
    for (const disk of server.disks) disks.push(await openDisk(disk, server.id));
  } catch (error) {
    await close();
    throw error;
  }
  const at = Date.now();
  return {
    ref: JSON.stringify({
      server: server.id,
      at: server.stable ? 0 : at,
      disks: disks.map(({ key, size }) => [key, size]),
    }),
    server: server.id,
    at,
    ...(server.bootMode === undefined ? {} : { bootMode: server.bootMode }),
    disks: async () => disks,
    async verify() {},
    close,
    release: close,
  };
}

/** Only what the operator calls stable is the same when it is opened again. */
async function reopen(path: string, ref: string): Promise<Point | undefined> {
  const { server: id } = JSON.parse(ref) as { server: VmId };
  const server = readNbdServers(path).find((one) => one.id === id);
  if (!server?.stable) return undefined;
  const point = await freeze(server);
  if (point.ref === ref) return point;
  await point.release();
  return undefined;
}

type OpenDisk = Disk & { close(): Promise<void> };

interface Connection {
  readonly client: NbdClient;
  ended(): string | undefined;
  close(): Promise<void>;
}

async function openDisk(disk: NbdDisk, server: VmId): Promise<OpenDisk> {
  const { key } = disk;
  const { client, ended, close } = await connectionTo(disk).catch((error) => {
    throw new NbdProgramError(`disk ${key} of server ${server}: ${error.message}`, { cause: error });
  });
  return {
    key,
    size: client.size,
    allocated: () => client.allocated(),
    // biome-ignore lint/correctness/useYield: NBD has no list of changes
    async *changedSince(): AsyncGenerator<Extent> {
      throw new ChangesUnknownError(`disk ${key} of server ${server} is read by NBD, which has no list of changes`);
    },
    read: (offset, into) =>
      client.read(offset, into).catch((error) => {
        throw new DiskReaderError(
          `reading disk ${key} of server ${server} failed: ${error.message}${ended() ? `; ${ended()}` : ''}`,
          { cause: error },
        );
      }),
    close,
  };
}

async function connectionTo({ from, export: exportName }: NbdDisk): Promise<Connection> {
  const options = { exportName, silence: SILENCE_LIMIT };
  if ('command' in from) return startNbdProgram(from.command, options);
  const client = await connectNbd(from.address, options).catch((error: NodeJS.ErrnoException) => {
    throw error.code
      ? new Error(`nobody serves NBD at ${named(from.address)} (${error.code}); start the server`)
      : error;
  });
  return { client, ended: () => undefined, close: async () => client.close() };
}

const named = (address: NbdAddress) => (typeof address === 'string' ? address : `${address.host}:${address.port}`);
