import type { BootMode } from '../../domain/partition-table.ts';
import { MAX_DISKS } from '../disk-problems.ts';
import { MAX_DISK_SIZE } from '../formats/part.ts';
import type { Problem } from '../source.ts';
import { bytesOf, isRecord, listOf, recordOf, textOf } from './answers.ts';
import { type Qmp, QmpError } from './qmp.ts';

/** A disk of a running guest. */
export interface GuestDisk {
  /** The id of its device, which the guest's definition gives and which stays; else where it is in the machine. */
  readonly key: string;
  /** The device, as a path of QEMU's object model. */
  readonly qdev: string;
  /** The node of the block graph that the device reads and writes. */
  readonly node: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes of its sectors. */
  readonly sectorSize: number;
}

export interface GuestDisks {
  /** In the order in which the machine starts from them. */
  readonly disks: readonly GuestDisk[];
  /** Where the machine has flash for its firmware it is UEFI's; otherwise its disk tells. */
  readonly bootMode?: BootMode;
}

/** Devices with a medium that are no disks of the server: its firmware, and what is put in and taken out. */
const NO_DISKS = /^(cfi\.pflash|ide-cd$|scsi-cd$|floppy$)/;
/** QEMU lets a copy be given up without harm to the guest since then (on-cbw-error). Source: its QAPI schema, Since: 7.1. */
const NEEDED_VERSION = [7, 1] as const;
/**
 * In QEMU 7.2.22 the whole guest dies when a client leaves the NBD server of a disk that an I/O thread serves (seen: an assertion of blockdev-nbd.c,
 * qemu_in_main_thread). QEMU 9.1 has another NBD server, which takes threads into account; between the two nobody here has tried.
 */
const THREADS_VERSION = [9, 1] as const;
const VOLUME_SECTOR = 512;

type Version = readonly [major: number, minor: number];
const isOlder = ([major, minor]: Version, than: Version) => major < than[0] || (major === than[0] && minor < than[1]);

export async function disksOf(qmp: Qmp): Promise<GuestDisks> {
  const found: (GuestDisk & { bootIndex: number })[] = [];
  let hasFlash = false;
  for (const device of listOf(await qmp.execute('query-block'), 'query-block')) {
    if (String(device.device).startsWith('pflash')) hasFlash = true;
    if (typeof device.qdev !== 'string' || device.qdev === '' || !isRecord(device.inserted)) continue;
    const qdev = pathOf(device.qdev);
    const type = await property(qmp, qdev, 'type');
    if (String(type).startsWith('cfi.pflash')) hasFlash = true;
    if (!NO_DISKS.test(String(type)) && device.removable !== true) found.push(await diskOf(qmp, qdev, device.inserted));
  }
  const disks = found.sort((one, other) => one.bootIndex - other.bootIndex);
  return { disks, ...(hasFlash ? { bootMode: 'uefi' as const } : {}) };
}

/** QEMU tells some devices by their path, and others by their id. */
export const pathOf = (qdev: string): string => (qdev.startsWith('/') ? qdev : `/machine/peripheral/${qdev}`);

async function diskOf(qmp: Qmp, qdev: string, inserted: Readonly<Record<string, unknown>>) {
  const bootIndex = Number((await property(qmp, qdev, 'bootindex')) ?? -1);
  return {
    key: keyOf(qdev),
    qdev,
    node: textOf(inserted['node-name'], 'query-block'),
    size: bytesOf(recordOf(inserted.image, 'query-block')['virtual-size'], 'query-block'),
    sectorSize: Number((await property(qmp, qdev, 'logical_block_size')) ?? VOLUME_SECTOR) || VOLUME_SECTOR,
    bootIndex: bootIndex >= 0 ? bootIndex : Number.MAX_SAFE_INTEGER,
  };
}

const keyOf = (qdev: string) => /^\/machine\/peripheral\/([^/]+)/.exec(qdev)?.[1] ?? qdev;

/** A property of a device; undefined where it has none of that name. */
async function property(qmp: Qmp, path: string, name: string): Promise<unknown> {
  try {
    return await qmp.execute('qom-get', { path, property: name });
  } catch (error) {
    if (error instanceof QmpError) return undefined;
    throw error;
  }
}

/** What keeps the guest from being replicated. */
export async function problemsOfGuest(qmp: Qmp): Promise<Problem[]> {
  if (isOlder(qmp.version, NEEDED_VERSION)) return [tooOld(qmp.version)];
  const { disks } = await disksOf(qmp);
  const problems: Problem[] = disks.flatMap(problemsOfDisk);
  if (disks.length === 0) problems.push({ code: 'NoDisks', message: 'it has no disks; there is nothing to migrate' });
  if (disks.length > MAX_DISKS)
    problems.push({
      code: 'TooManyDisks',
      message: `it has ${disks.length} disks, and at most ${MAX_DISKS} can be migrated; move some to another server`,
    });
  if (
    isOlder(qmp.version, THREADS_VERSION) &&
    listOf(await qmp.execute('query-iothreads'), 'query-iothreads').length > 0
  )
    problems.push({
      code: 'IoThread',
      message: `it has I/O threads, and QEMU ${qmp.version.join('.')} can crash with the guest when such a disk is read from outside; start it without iothread, or with QEMU 9.1 or later, or copy its images while it is off (images:FOLDER)`,
    });
  return problems;
}

const tooOld = (version: Version): Problem => ({
  code: 'QemuTooOld',
  message: `its QEMU is ${version.join('.')}, and a frozen copy of a running disk needs 7.1 or later; update it and start the guest again, or copy its images while it is off (images:FOLDER)`,
});

function problemsOfDisk({ key, size, sectorSize }: GuestDisk): Problem[] {
  const problems: Problem[] = [];
  if (size > MAX_DISK_SIZE)
    problems.push({
      code: 'DiskTooLarge',
      message: `disk ${key} has ${size} bytes, and volumes have ${MAX_DISK_SIZE} (64 TiB) at most; split it`,
    });
  if (sectorSize !== VOLUME_SECTOR)
    problems.push({
      code: 'SectorSize',
      message: `disk ${key} has sectors of ${sectorSize} bytes, and volumes have sectors of ${VOLUME_SECTOR}; copy its partitions to a disk with sectors of ${VOLUME_SECTOR}`,
    });
  return problems;
}
