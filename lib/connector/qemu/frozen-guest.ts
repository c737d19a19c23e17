import { rm } from 'node:fs/promises';
import type { BootMode } from '../../domain/partition-table.ts';
import { connectNbd, type NbdClient } from '../nbd/client.ts';
import { DiskReaderError } from '../qemu-nbd.ts';
import { type Disk, DiskChangedError, type Extent, type Point, ServerNotFoundError } from '../source.ts';
import { changesSince } from './changes.ts';
import { removeFleeces, socketIn } from './fleece.ts';
import { graphOf } from './graph.ts';
import { type Guest, withGuest } from './guests.ts';
import { exportName, type PointId } from './names.ts';
import { type FrozenDisk, type RefContent, writeRef } from './point-ref.ts';

/** Milliseconds without an answer to a read: the guest's own disk may be slow, or wake up. */
const SILENCE_LIMIT = 60_000;
/** Bytes that every read could be asked for, to see whether the copy still stands. */
const PROBE = 512;

/**
 * Bytes that QEMU's filter keeps or leaves as one. QEMU 7.2 gives a read that goes over a border between kept and not kept the guest's new bytes
 * (seen of 7.2.22: the second part of the read begins where the first did), and the guest makes such borders all the time. So no read crosses one.
 */
const CLUSTER = 65_536;

/** Points that this process has open: no sweeper of ours takes them for orphans. */
const openPoints = new Set<PointId>();
export const isOpen = (point: PointId): boolean => openPoints.has(point);

/** A guest's disks as they were, read from its QEMU. */
export async function openPoint(guest: Guest, ref: RefContent, bootMode?: BootMode): Promise<Point> {
  const clients: NbdClient[] = [];
  const close = async () => {
    openPoints.delete(ref.point);
    for (const client of clients) client.close();
  };
  try {
    for (const index of ref.disks.keys())
      clients.push(
        await connectNbd(socketIn(ref.folder), { exportName: exportName(ref.point, index), silence: SILENCE_LIMIT }),
      );
  } catch (error) {
    await close();
    throw error;
  }
  openPoints.add(ref.point);
  const disks = clients.map((client, index) => diskOf(client, { guest, ref, index }));
  return {
    ref: writeRef(ref),
    server: ref.server,
    at: ref.at,
    ...(ref.quiesced === undefined ? {} : { quiesced: ref.quiesced }),
    ...(bootMode === undefined ? {} : { bootMode }),
    disks: async () => disks,
    async verify() {
      for (const disk of disks) await disk.read(0, Buffer.alloc(Math.min(PROBE, disk.size)));
    },
    close,
    async release() {
      await close();
      await releasePoint(guest, ref);
    },
  };
}

/** Gives the point up, if it is there. */
async function releasePoint(guest: Guest, { point, folder }: RefContent): Promise<void> {
  await withGuest(guest, async (qmp) => {
    // Another point may have taken its place, which is not ours to end.
    if ((await graphOf(qmp)).ours.some((node) => node.point === point)) await removeFleeces(qmp);
  }).catch((error) => {
    // With the guest's QEMU all of it ended.
    if (!(error instanceof ServerNotFoundError)) throw error;
  });
  await rm(folder, { recursive: true, force: true });
}

interface Place {
  readonly guest: Guest;
  readonly ref: RefContent;
  readonly index: number;
}

function diskOf(client: NbdClient, place: Place): Disk {
  const { key, size, bitmap } = place.ref.disks[place.index]!;
  return {
    key,
    size,
    changeId: bitmap,
    allocated: () => client.allocated(),
    changedSince: (changeId) => changes(changeId, place),
    read: (offset, into) => readByClusters(client, offset, into).catch((error) => failed(error, place)),
  };
}

/** The pieces are asked for side by side: their number costs little. */
async function readByClusters(client: NbdClient, offset: number, into: Buffer): Promise<void> {
  const reads: Promise<void>[] = [];
  for (let at = 0; at < into.length; ) {
    const length = Math.min(CLUSTER - ((offset + at) % CLUSTER), into.length - at);
    reads.push(client.read(offset + at, into.subarray(at, at + length)));
    at += length;
  }
  const failure = (await Promise.allSettled(reads)).find((one) => one.status === 'rejected');
  if (failure) throw failure.reason;
}

async function* changes(changeId: string, { guest, ref, index }: Place): AsyncGenerator<Extent> {
  yield* await withGuest(guest, (qmp) => changesSince(changeId, { qmp, ref, index }));
}

/** Why a read failed: QEMU answers EINVAL to all reads of a copy that it has given up, and to no other. */
async function failed(error: Error, { ref, index }: Place): Promise<never> {
  const { key } = ref.disks[index] as FrozenDisk;
  if (error.message.includes('EINVAL'))
    throw new DiskChangedError(
      `the frozen copy of disk ${key} of guest ${ref.server} was given up, since what the guest overwrote could not be kept in ${ref.folder}; give that folder more room, and run again`,
      { cause: error },
    );
  throw new DiskReaderError(
    `reading disk ${key} of guest ${ref.server} failed: ${error.message}; the guest has ended, was restarted, or another program froze it`,
    { cause: error },
  );
}
