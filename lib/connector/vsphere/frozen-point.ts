import { type Disk, DiskChangedError, type Point, type PointRef, type VmId } from '../source.ts';
import { changeIdOf } from './change-ids.ts';
import { type DiskReader, openDatastoreReader } from './datastore-reader.ts';
import { SnapshotExport } from './export-reader.ts';
import { DatastoreReadError } from './faults.ts';
import { type Moref, virtualMachine } from './moref.ts';
import { propertiesOf } from './properties.ts';
import { isOwnedBy, removeSnapshot, snapshotsOf } from './snapshots.ts';
import { allocatedAreas, changedAreas } from './tracking.ts';
import type { VimSession } from './vim-session.ts';
import { disksAmong, type VirtualDisk } from './virtual-disks.ts';
import { textOf, type Xml } from './xml.ts';

/** How disks are read: from their files on the datastore, by an export of the host, or by the first where it can be done. */
export type ReaderChoice = 'auto' | 'datastore' | 'export';

export interface PointOptions {
  readonly owner: string;
  readonly reader: ReaderChoice;
  /** Points that this process opened and did not release. */
  readonly known: Set<PointRef>;
  /** Servers that are being frozen. */
  readonly freezing: Set<VmId>;
}

interface Ref {
  readonly server: VmId;
  readonly snapshot: string;
}

export const snapshotRef = (id: string): Moref => ({ type: 'VirtualMachineSnapshot', id });

export const refOf = (server: VmId, snapshot: string): PointRef => JSON.stringify({ server, snapshot } satisfies Ref);

/** What a snapshot keeps of its server. */
const PATHS = ['config.hardware.device', 'config.bootOptions', 'config.firmware'];

/** The point of a snapshot that is ours and still there; undefined otherwise. */
export async function openPoint(session: VimSession, ref: PointRef, options: PointOptions): Promise<Point | undefined> {
  const { server, snapshot: id } = JSON.parse(ref) as Ref;
  const snapshot = snapshotRef(id);
  const vm = virtualMachine(server);
  const entry = (await snapshotsOf(session, vm)).find((one) => one.ref.id === id);
  if (!entry || !isOwnedBy(options.owner, entry)) return undefined;
  const config = await propertiesOf(session, snapshot, PATHS);
  if (!config) return undefined;
  const frozen = disksAmong(config.get('config.hardware.device'), config.get('config.bootOptions'));
  const exported = new SnapshotExport(session, snapshot);
  options.known.add(ref);
  let disks: Promise<readonly Disk[]> | undefined;
  const bootMode = BOOT_MODES[textOf(config.get('config.firmware')) ?? ''];
  return {
    ref,
    server,
    at: entry.at,
    quiesced: entry.isQuiesced,
    ...(bootMode ? { bootMode } : {}),
    disks() {
      disks ??= openDisks(frozen, { session, vm, snapshot, exported, reader: options.reader });
      return disks;
    },
    verify: () => demandUnchanged(session, { vm, snapshot, frozen }),
    close: () => exported.close(),
    async release() {
      // From here on a sweep may take it, should its removal fail.
      options.known.delete(ref);
      await exported.close();
      await removeSnapshot(session, vm, snapshot);
    },
  };
}

const BOOT_MODES: Readonly<Record<string, Point['bootMode']>> = { bios: 'legacy-bios', efi: 'uefi' };

interface Opening {
  readonly session: VimSession;
  readonly vm: Moref;
  readonly snapshot: Moref;
  readonly exported: SnapshotExport;
  readonly reader: ReaderChoice;
}

async function openDisks(frozen: readonly VirtualDisk[], opening: Opening): Promise<readonly Disk[]> {
  const { session, vm, snapshot, exported } = opening;
  const readers = await readersOf(frozen, opening);
  return frozen.map((disk, index) => ({
    key: disk.id,
    size: disk.size,
    ...(disk.changeId === undefined ? {} : { changeId: changeIdOf(disk.size, disk.changeId) }),
    allocated: () => allocatedAreas(session, { vm, snapshot, disk }),
    changedSince: (changeId) => changedAreas(session, { vm, snapshot, disk }, changeId),
    read: (readers[index] ?? exported.readerOf(disk)).read,
  }));
}

/** Readers from the datastore for all disks, or for none: while a host exports one, it keeps the files of all. */
async function readersOf(frozen: readonly VirtualDisk[], { session, vm, reader }: Opening): Promise<DiskReader[]> {
  if (reader === 'export') return [];
  try {
    const datacenter = await datacenterPath(session, vm);
    return await Promise.all(frozen.map((disk) => openDatastoreReader(session, disk, datacenter)));
  } catch (error) {
    if (reader === 'datastore' || !(error instanceof DatastoreReadError)) throw error;
    return [];
  }
}

/** The inventory path of the datacenter that the server is in, without the root folder: what `/folder` wants as `dcPath`. */
async function datacenterPath(session: VimSession, vm: Moref): Promise<string> {
  const names: string[] = [];
  for (let at: Moref | undefined = vm; at; ) {
    const properties: ReadonlyMap<string, Xml> | undefined = await propertiesOf(session, at, [
      'name',
      'parent',
      ...(at === vm ? ['parentVApp'] : []),
    ]);
    const parent = properties?.get('parent') ?? properties?.get('parentVApp');
    if (at.type === 'Datacenter' || names.length > 0) names.unshift(textOf(properties?.get('name')) ?? '');
    at = parent === undefined ? undefined : { type: textOf(parent, '@type') ?? '', id: textOf(parent) ?? '' };
  }
  return names.slice(1).join('/');
}

/** The snapshot still holds the disks still: it is there, and they are what they were. */
async function demandUnchanged(
  session: VimSession,
  { vm, snapshot, frozen }: { vm: Moref; snapshot: Moref; frozen: readonly VirtualDisk[] },
): Promise<void> {
  const config = await propertiesOf(session, snapshot, PATHS);
  const files = ({ file }: VirtualDisk) => file;
  const now = disksAmong(config?.get('config.hardware.device')).map(files).sort();
  if (config && JSON.stringify(now) === JSON.stringify(frozen.map(files).sort())) return;
  throw new DiskChangedError(
    `the snapshot of ${vm.id} was ${config ? 'moved' : 'removed'} while its disks were copied; keep other programs from it, and run again`,
  );
}
