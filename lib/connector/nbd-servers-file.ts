import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { BootMode } from '../domain/partition-table.ts';
import type { NbdAddress } from './nbd/client.ts';

/** Where a disk is had: from a program that is started for each copy, or from a server that runs. */
export interface NbdDisk {
  readonly key: string;
  readonly export: string;
  readonly from: { readonly command: readonly string[] } | { readonly address: NbdAddress };
}

export interface NbdServer {
  readonly id: string;
  readonly name: string;
  readonly bootMode?: BootMode;
  /** The operator says that what the disks give is the same whenever they are opened. */
  readonly stable: boolean;
  /** The boot disk first. */
  readonly disks: readonly NbdDisk[];
}

/** The file does not say what it has to. */
export class NbdServersFileError extends Error {
  override readonly name = 'NbdServersFileError';
}

/** Stands in a command for the Unix socket on which the program is to serve. */
export const SOCKET = '{socket}';

const SERVER_KEYS = ['name', 'bootMode', 'stable', 'disks'];
const DISK_KEYS = ['key', 'export', 'command', 'socket', 'address'];

/** The servers of a file of `nbd:`; docs/qemu.md tells its form. Throws NbdServersFileError. */
export function readNbdServers(path: string): NbdServer[] {
  const wrong = (what: string) => new NbdServersFileError(`${path}: ${what}; docs/qemu.md shows such a file`);
  const content = parsed(path, wrong);
  const servers = isRecord(content) ? content.servers : undefined;
  if (!isRecord(servers)) throw wrong('there is no list of servers by their names (servers:)');
  return Object.entries(servers).map(([id, server]) => serverOf(id, server, wrong));
}

type Wrong = (what: string) => Error;

function parsed(path: string, wrong: Wrong): unknown {
  try {
    return parse(readFileSync(path, 'utf8'), { maxAliasCount: 0 });
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

function serverOf(id: string, server: unknown, wrong: Wrong): NbdServer {
  if (!isRecord(server)) throw wrong(`server ${id} has no settings`);
  demandKnown(server, SERVER_KEYS, (key) => wrong(`server ${id}: unknown setting ${key}`));
  const { name = id, bootMode, stable = false, disks } = server;
  if (typeof name !== 'string') throw wrong(`server ${id}: its name is not text`);
  if (bootMode !== undefined && bootMode !== 'uefi' && bootMode !== 'legacy-bios')
    throw wrong(`server ${id}: bootMode is uefi or legacy-bios`);
  if (typeof stable !== 'boolean') throw wrong(`server ${id}: stable is true or false`);
  if (!Array.isArray(disks) || disks.length === 0) throw wrong(`server ${id} has no disks`);
  const found = disks.map((disk, position) =>
    diskOf(disk, position, (what) => wrong(`server ${id}, disk ${position + 1}: ${what}`)),
  );
  if (new Set(found.map(({ key }) => key)).size < found.length)
    throw wrong(`server ${id}: two disks have the same key`);
  return { id, name, stable, disks: found, ...(bootMode === undefined ? {} : { bootMode }) };
}

function diskOf(disk: unknown, position: number, wrong: Wrong): NbdDisk {
  if (!isRecord(disk)) throw wrong('it has no settings');
  demandKnown(disk, DISK_KEYS, (key) => wrong(`unknown setting ${key}`));
  const { key = `disk${position + 1}`, export: exportName = '' } = disk;
  if (typeof key !== 'string' || typeof exportName !== 'string') throw wrong('key and export are text');
  return { key, export: exportName, from: fromOf(disk, wrong) };
}

function fromOf({ command, socket, address }: Readonly<Record<string, unknown>>, wrong: Wrong): NbdDisk['from'] {
  if ([command, socket, address].filter((one) => one !== undefined).length !== 1)
    throw wrong('give one of command, socket, address');
  if (command !== undefined) {
    if (!Array.isArray(command) || !command.every((word) => typeof word === 'string') || command.length === 0)
      throw wrong('command is a list of words: the program and its arguments');
    if (!command.some((word) => word.includes(SOCKET)))
      throw wrong(`command does not say ${SOCKET}, where it is to serve`);
    return { command };
  }
  if (typeof socket === 'string') return { address: socket };
  const [, host, port] = /^\[?([^\s\]]+?)\]?:(\d{1,5})$/.exec(String(address)) ?? [];
  if (!host || Number(port) > 65_535) throw wrong('give socket: PATH, or address: HOST:PORT');
  return { address: { host, port: Number(port) } };
}

function demandKnown(settings: object, known: readonly string[], wrong: (key: string) => Error) {
  const unknown = Object.keys(settings).find((key) => !known.includes(key));
  if (unknown !== undefined) throw wrong(unknown);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
