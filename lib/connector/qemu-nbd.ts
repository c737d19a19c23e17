import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bytes } from './bytes.ts';
import type { ImageFile } from './image-files.ts';
import { connectNbd, type NbdClient } from './nbd/client.ts';
import { NbdError } from './nbd/protocol.ts';
import { MissingProgramError, UnsupportedDiskError } from './source.ts';

/** The formats of qemu's that we have it read, in its own words. */
export type QemuDriver = 'raw' | 'qcow2' | 'vmdk' | 'vpc' | 'vhdx';

export interface QemuImage {
  readonly file: ImageFile;
  /** Always given: qemu probes nothing. */
  readonly driver: QemuDriver;
  /** Options of the driver. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Milliseconds without an answer, to the opening of an image or to a read: a disk that sleeps wakes up in half of it. */
const SILENCE_LIMIT = 60_000;
/** Milliseconds for it to end by itself when the connection is closed. */
const END_LIMIT = 2_000;
/** Milliseconds between two attempts to connect. */
const CONNECT_INTERVAL = 4;
/** Characters of its complaints that are kept. */
const COMPLAINT = 2_000;

/**
 * What a hostile image may cost, as limits of the shell: no core, no file written, 2 GiB of address space, 64 open files. It ends with its only client
 * at the latest, and with us where `setpriv` can see to that (a kill before we have connected).
 */
const LIMITED = `command -v "$1" >/dev/null || exit 127
ulimit -c 0; ulimit -f 0; ulimit -v 2097152; ulimit -n 64
command -v setpriv >/dev/null && exec setpriv --pdeathsig KILL "$@"
exec "$@"`;

/**
 * Has qemu-nbd read an image, in a process of its own, on a socket that only we can reach. The image is handed over as an open file, so that what was
 * checked is what is read; it is opened for reading, in the format given, without any backing file. Throws UnsupportedDiskError, MissingProgramError.
 */
export async function openQemuNbd(image: QemuImage): Promise<Bytes> {
  const folder = await mkdtemp(join(tmpdir(), 'rehost-nbd-'));
  const server = startServer(image, join(folder, 'socket'));
  try {
    const client = await connectWhenReady(join(folder, 'socket'), server);
    return bytesOf(client, { server, path: image.file.path });
  } catch (error) {
    server.child.kill('SIGKILL');
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The process that reads a disk failed while it did. */
export class DiskReaderError extends Error {
  override readonly name = 'DiskReaderError';
}

interface Server {
  readonly child: ChildProcess;
  /** Why it ended, once it has. */
  readonly ended: Promise<Error>;
}

function startServer({ file, driver, options }: QemuImage, socket: string): Server {
  const disk = {
    driver,
    'read-only': true,
    backing: null,
    file: { driver: 'file', filename: '/dev/fd/3', 'read-only': true },
    ...options,
  };
  // `backing` is an option of formats that can have one; raw cannot.
  if (driver === 'raw') delete (disk as { backing?: null }).backing;
  const program = ['qemu-nbd', '--read-only', '--socket', socket, `json:${JSON.stringify(disk)}`];
  const child = spawn('/bin/sh', ['-c', LIMITED, 'sh', ...program], {
    stdio: ['ignore', 'ignore', 'pipe', file.handle.fd],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  return { child, ended: endOf(child, file.path) };
}

/** The shell's status when there is no such program. */
const NOT_FOUND = 127;

async function endOf(child: ChildProcess, path: string): Promise<Error> {
  let complaint = '';
  child.stderr!.on('data', (text) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  const [status, signal] = await once(child, 'close').catch((error: Error) => [error.message]);
  if (status === NOT_FOUND) return missingProgram('qemu-nbd', path);
  const reason = complaint
    .trim()
    .replaceAll('/dev/fd/3', path)
    .replaceAll(/\s*\n\s*/g, '; ');
  const [code, advice] = KNOWN.find(([text]) => reason.includes(text))?.slice(1) ?? UNKNOWN;
  return new UnsupportedDiskError(
    code!,
    `qemu-nbd cannot read ${path}: ${reason || signal || `status ${status}`}; ${advice}`,
  );
}

const UNKNOWN = ['UnreadableDisk', 'look at the image with qemu-img check, or put another copy there'];
/** What qemu complains of, by a part of its text, that a person can help. */
const KNOWN: readonly (readonly [text: string, code: string, advice: string])[] = [
  ['" lock', 'DiskInUse', 'stop the virtual machine that uses it, or put a copy there'],
  [
    'needs to be replayed',
    'UncleanDisk',
    'it was not closed: start its virtual machine and shut it down, or run qemu-img check -r all on a copy',
  ],
];

export const missingProgram = (program: string, path: string) =>
  new MissingProgramError(
    `${path} is read by ${program}, which is not installed: install it (Debian package qemu-utils), or convert the disk to a raw image`,
  );

async function connectWhenReady(path: string, { child, ended }: Server): Promise<NbdClient> {
  let end: Error | undefined;
  void ended.then((error) => {
    end = error;
  });
  for (;;) {
    try {
      return await connectNbd(path, { silence: SILENCE_LIMIT });
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (error instanceof NbdError || BROKEN.includes(code)) throw await explained(error as Error, { child, ended });
      if (!NOT_YET.includes(code)) throw error;
    }
    if (end) throw end;
    await sleep(CONNECT_INTERVAL);
  }
}

/** It listens before it opens the image: a connection that breaks is mostly the end of the process, which says why. */
async function explained(error: Error, { child, ended }: Server): Promise<Error> {
  const reason = await Promise.race([ended, sleep(END_LIMIT, undefined, { ref: false })]);
  if (reason) return reason;
  child.kill('SIGKILL');
  await ended;
  return new UnsupportedDiskError('UnreadableDisk', `qemu-nbd did not open the image: ${error.message}`);
}

/** No socket yet, or nobody listening on it. */
const NOT_YET = ['ENOENT', 'ECONNREFUSED'];
/** It ended between the two. */
const BROKEN = ['ECONNRESET', 'EPIPE'];

function bytesOf(client: NbdClient, { server, path }: { server: Server; path: string }): Bytes {
  /** A connection that broke says less than the end of the process does. */
  const broken = async (error: Error) => {
    server.child.kill('SIGKILL');
    throw new DiskReaderError(`reading ${path} failed: ${error.message}; ${(await server.ended).message}`, {
      cause: error,
    });
  };
  return {
    size: client.size,
    read: (offset, into) => client.read(offset, into).catch(broken),
    allocated: () => client.allocated(),
    async close() {
      client.close();
      const kill = setTimeout(() => server.child.kill('SIGKILL'), END_LIMIT);
      await server.ended;
      clearTimeout(kill);
    },
  };
}
