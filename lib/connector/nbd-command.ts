import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNbd, type NbdClient, type NbdOptions } from './nbd/client.ts';
import { SOCKET } from './nbd-servers-file.ts';

/** Milliseconds for the program to listen: VDDK logs in to a vCenter and opens a disk meanwhile. */
const START_LIMIT = 60_000;
/** Milliseconds for it to end when asked to, before it is killed. */
const END_LIMIT = 5_000;
const CONNECT_INTERVAL = 10;
/** Characters of its complaints that are told. */
const COMPLAINT = 500;

/** A program that serves NBD did not, or no longer does. */
export class NbdProgramError extends Error {
  override readonly name = 'NbdProgramError';
}

export interface NbdProgram {
  readonly client: NbdClient;
  /** What the program said when it ended by itself; undefined while it runs. */
  ended(): string | undefined;
  close(): Promise<void>;
}

/** Ends with us, where `setpriv` can see to that. */
const WITH_US = 'command -v setpriv >/dev/null && exec setpriv --pdeathsig TERM "$@"; exec "$@"';

/** Starts the operator's program, and connects to it. It is a group of processes of its own, and ended as that. Throws NbdProgramError. */
export async function startNbdProgram(command: readonly string[], options: NbdOptions): Promise<NbdProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'rehost-nbd-'));
  const socket = join(folder, 'socket');
  const words = command.map((word) => word.replaceAll(SOCKET, socket));
  const child = spawn('/bin/sh', ['-c', WITH_US, 'sh', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let complaint = '';
  let end: string | undefined;
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-COMPLAINT);
  });
  const closed = once(child, 'close').then(([status, signal]) => {
    end = `${command[0]} ended with ${signal ?? `status ${status}`}: ${complaint.trim().replaceAll(/\s*\n\s*/g, '; ')}`;
  });
  const stop = async () => {
    signalGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), END_LIMIT);
    await closed;
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const client = await connectWhenReady(socket, options, () => end);
    return {
      client,
      ended: () => end,
      async close() {
        client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A process that has ended already is no failure. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function connectWhenReady(socket: string, options: NbdOptions, end: () => string | undefined) {
  for (const deadline = Date.now() + START_LIMIT; ; await sleep(CONNECT_INTERVAL)) {
    try {
      return await connectNbd(socket, options);
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      const reason = end();
      if (reason !== undefined) throw new NbdProgramError(`${reason}; try the command by hand`);
      if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw new NbdProgramError(message, { cause: error });
      if (Date.now() > deadline)
        throw new NbdProgramError(
          `it does not listen on its socket after ${START_LIMIT / 1_000} s; try the command by hand`,
        );
    }
  }
}
