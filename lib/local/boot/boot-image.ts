import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveNbd } from '../../connector/nbd/server.ts';
import { connectQmp } from '../../connector/qemu/qmp.ts';
import type { ImageSpec } from '../../ports.ts';
import type { Snapshots } from '../../snapshots.ts';
import { snapshotBytes } from '../snapshot-bytes.ts';
import { openConsole, verdictOf } from './console.ts';
import { BootProgramError, firmwareOptions } from './firmware.ts';

export interface BootOptions {
  /** Words on the console that say that it is up; otherwise the prompt for a login. */
  readonly expect?: string;
  readonly seconds: number;
  readonly memoryMiB: number;
  readonly accelerator: 'tcg' | 'kvm';
  /** File for a picture of the screen, as PNG. */
  readonly screenshot?: string;
}

export interface BootResult {
  readonly booted: boolean;
  readonly reason: string;
  readonly seconds: number;
  /** The console's last lines. */
  readonly lines: readonly string[];
  /** Why there is no picture, where one was asked for. */
  readonly noScreenshot?: string;
}

/** Milliseconds between two looks at the console. */
const INTERVAL = 100;
const LAST_LINES = 25;
/** Characters of QEMU's complaint. */
const COMPLAINT = 500;
/** Ends with us, where `setpriv` can see to that. */
const WITH_US = 'command -v setpriv >/dev/null && exec setpriv --pdeathsig KILL "$@"; exec "$@"';

/**
 * Starts an image in QEMU, to see whether it comes up: its disks as NVMe disks, as EC2 would give them, read from their snapshots through a layer that
 * takes all writes and is thrown away. Its network leads nowhere. Throws BootProgramError.
 */
export async function bootImage(spec: ImageSpec, options: BootOptions, snapshots: Snapshots): Promise<BootResult> {
  const folder = await mkdtemp(join(tmpdir(), 'rehost-boot-'));
  const exports = new Map(
    await Promise.all(
      spec.disks.map(async (disk, position) => [`disk${position}`, await snapshotBytes(disk, snapshots)] as const),
    ),
  );
  const server = await serveNbd(join(folder, 'nbd'), exports);
  try {
    const firmware = await firmwareOptions(spec.bootMode ?? 'legacy-bios', folder);
    return await run(
      [...machine(options, folder), ...firmware, ...disks([...exports.keys()], folder)],
      folder,
      options,
    );
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const machine = ({ memoryMiB, accelerator }: BootOptions, folder: string): string[] => [
  ...['-accel', accelerator, '-machine', 'q35', '-cpu', accelerator === 'kvm' ? 'host' : 'max', '-smp', '2'],
  ...['-m', String(memoryMiB), '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-vga', 'std'],
  ...['-serial', 'stdio', '-qmp', `unix:${join(folder, 'qmp')},server=on,wait=off`],
  ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net', '-device', 'virtio-rng-pci'],
];

const disks = (names: readonly string[], folder: string): string[] =>
  names.flatMap((name, position) => [
    '-drive',
    `if=none,id=${name},format=raw,snapshot=on,cache=unsafe,file=nbd+unix:///${name}?socket=${join(folder, 'nbd')}`,
    '-device',
    `nvme,serial=rehost${position},drive=${name}${position === 0 ? ',bootindex=0' : ''}`,
  ]);

async function run(args: readonly string[], folder: string, options: BootOptions): Promise<BootResult> {
  const child = spawn('/bin/sh', ['-c', WITH_US, 'sh', 'qemu-system-x86_64', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What the machine writes to its disks is kept in nameless files there.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TMPDIR: folder },
  });
  const began = Date.now();
  try {
    return { ...(await watch(child, folder, options)), seconds: (Date.now() - began) / 1_000 };
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  }
}

async function watch(child: ChildProcess, folder: string, options: BootOptions): Promise<Omit<BootResult, 'seconds'>> {
  const console = openConsole();
  child.stdout!.on('data', (chunk: Buffer) => console.take(chunk));
  const end = endOf(child);
  const verdict = await Promise.race([decided(console, options), end]);
  const picture = child.exitCode === null && options.screenshot ? await screenshot(options.screenshot, folder) : {};
  return { ...verdict, ...picture, lines: console.last(LAST_LINES) };
}

/** The shell's status when there is no such program. */
const NOT_FOUND = 127;

async function endOf(child: ChildProcess): Promise<{ booted: boolean; reason: string }> {
  let complaint = '';
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(0, COMPLAINT);
  });
  const [status, signal] = await once(child, 'close');
  if (status === NOT_FOUND)
    throw new BootProgramError('there is no qemu-system-x86_64: install it (Debian package qemu-system-x86)');
  if (status === 0) return { booted: false, reason: 'it switched itself off, or started again, before it was up' };
  throw new BootProgramError(`QEMU ended with ${signal ?? `status ${status}`}: ${complaint.trim()}`);
}

/** Waits for the console to decide, or for the time to be over. */
function decided(console: { readonly text: string }, { expect, seconds }: BootOptions) {
  return new Promise<{ booted: boolean; reason: string }>((resolve) => {
    const deadline = Date.now() + seconds * 1_000;
    const look = () => {
      const { text } = console;
      const verdict = verdictOf(text, expect);
      if (verdict) return resolve(verdict);
      if (Date.now() < deadline) return void setTimeout(look, INTERVAL).unref();
      resolve({ booted: false, reason: lateReason(text, seconds, expect) });
    };
    look();
  });
}

function lateReason(text: string, seconds: number, expect: string | undefined): string {
  if (text.trim() === '')
    return `it wrote nothing to its serial console in ${seconds} s: it may be up all the same; look at a screenshot (--screenshot FILE), or give its kernel console=ttyS0`;
  return `it did not ${expect === undefined ? 'ask for a login' : `say "${expect}"`} in ${seconds} s; give it longer (--timeout SECONDS), or other words to wait for (--expect TEXT)`;
}

async function screenshot(file: string, folder: string): Promise<{ noScreenshot?: string }> {
  try {
    const qmp = await connectQmp(join(folder, 'qmp'));
    await qmp.execute('screendump', { filename: file, format: 'png' }).finally(() => qmp.close());
    return {};
  } catch (error) {
    return { noScreenshot: (error as Error).message };
  }
}
