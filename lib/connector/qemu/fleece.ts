import { chown, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BLOCK_SIZE } from '../../snapshots.ts';
import { listOf } from './answers.ts';
import { endExport } from './exports.ts';
import { graphOf } from './graph.ts';
import { type GuestDisk, pathOf } from './guest-disks.ts';
import type { Guest, Session } from './guests.ts';
import { bitmapName, exportName, folderName, nodeName, type PointId, readBitmapName, readNodeName } from './names.ts';
import { paused } from './pause.ts';
import { type Qmp, QmpError } from './qmp.ts';

/** Bitmaps of earlier points that a disk keeps: more failed runs in a row than these pause a job, so the last good one's is among them. */
const KEPT_BITMAPS = 7;
/** Seconds that a guest's write waits for the copy of what it overwrites; after that the copy is given up, not the write. */
const WRITE_PATIENCE = 15;
/** Milliseconds between two looks at a job. */
const POLL_INTERVAL = 2;

/** Another program's NBD server runs in the guest's QEMU, which has room for one. */
export class NbdServerInUseError extends Error {
  override readonly name = 'NbdServerInUseError';
}

/** One guest's disks on the way to one point. */
export interface Fleece {
  readonly session: Session;
  readonly point: PointId;
  /** What a person reads in the names of bitmaps. */
  readonly label: string;
  readonly disks: readonly GuestDisk[];
  /** Of the guest's QEMU and us, on its machine. */
  readonly folder: string;
}

export const folderOf = (scratch: string, point: PointId) => join(scratch, folderName(point));
export const socketIn = (folder: string) => join(folder, 'nbd');

/** Makes all that a point needs but the point itself; the guest notices nothing. */
export async function prepare({ session, point, label, disks, folder }: Fleece): Promise<void> {
  const { qmp, guest } = session;
  await makeFolder(folder, guest);
  for (const [index, { node, size }] of disks.entries()) {
    const target = nodeName(point, index, 't');
    const file = { driver: 'file', filename: join(folder, String(index)) };
    await createFile(qmp, { ...file, size }, `${JOB}${point}-${index}`);
    await qmp.execute('blockdev-add', { ...file, 'node-name': target });
    // QEMU has it open. Without a name it is gone when QEMU closes it, whatever becomes of us.
    await rm(file.filename);
    await pruneBitmaps(qmp, node);
    await qmp.execute('block-dirty-bitmap-add', {
      node,
      name: bitmapName(point, index, label),
      granularity: BLOCK_SIZE,
    });
    await qmp.execute('blockdev-add', {
      driver: 'copy-before-write',
      'node-name': nodeName(point, index, 'c'),
      file: node,
      target,
      'on-cbw-error': 'break-snapshot',
      'cbw-timeout': WRITE_PATIENCE,
    });
  }
}

/** QEMU may run as another user, who is to make files here and nobody else. */
async function makeFolder(folder: string, { qmp }: Guest) {
  await mkdir(folder, { mode: 0o700, recursive: true });
  const { uid, gid } = await stat(qmp);
  if (process.getuid?.() === 0 && uid !== 0) await chown(folder, uid, gid);
}

/** Of the jobs that make files. */
const JOB = 'rehost-create-';

async function createFile(qmp: Qmp, options: { driver: string; filename: string; size: number }, id: string) {
  await qmp.execute('blockdev-create', { 'job-id': id, options });
  for (;;) {
    const jobs = listOf(await qmp.execute('query-jobs'), 'query-jobs');
    const job = jobs.find((one) => one.id === id);
    if (job && job.status !== 'concluded') {
      await sleep(POLL_INTERVAL);
      continue;
    }
    if (job) await qmp.execute('job-dismiss', { id });
    if (job?.error === undefined) return;
    throw new QmpError('blockdev-create', `${options.filename}: ${job.error}`);
  }
}

async function pruneBitmaps(qmp: Qmp, node: string) {
  const ours = (await graphOf(qmp)).bitmaps.filter((one) => one.node === node && readBitmapName(one.name));
  for (const { name } of ours.sort((one, other) => (one.name < other.name ? 1 : -1)).slice(KEPT_BITMAPS))
    await qmp.execute('block-dirty-bitmap-remove', { node, name });
}

/** The instant. Each disk's device gets the filter between itself and its node; several are given theirs while the guest is held still. */
export async function cut({ session: { qmp }, point, disks }: Fleece): Promise<void> {
  const insert = async () => {
    for (const [index, { qdev }] of disks.entries())
      await qmp.execute('qom-set', { path: qdev, property: 'drive', value: nodeName(point, index, 'c') });
  };
  await (disks.length === 1 ? insert() : paused(qmp, insert));
}

/** Lets the frozen disks be read, on the socket in the folder. Throws NbdServerInUseError. */
export async function publish({ session: { qmp, guest }, point, disks, folder }: Fleece): Promise<void> {
  for (const index of disks.keys())
    await qmp.execute('blockdev-add', {
      driver: 'snapshot-access',
      'node-name': nodeName(point, index, 's'),
      file: nodeName(point, index, 'c'),
    });
  await startServer(qmp, { guest, path: socketIn(folder) });
  for (const index of disks.keys())
    await qmp.execute('block-export-add', {
      type: 'nbd',
      id: exportName(point, index),
      name: exportName(point, index),
      'node-name': nodeName(point, index, 's'),
      writable: false,
    });
}

async function startServer(qmp: Qmp, { guest, path }: { guest: Guest; path: string }) {
  try {
    await qmp.execute('nbd-server-start', { addr: { type: 'unix', data: { path } } });
  } catch (error) {
    if (!(error instanceof QmpError && error.message.includes('already running'))) throw error;
    throw new NbdServerInUseError(
      `guest ${guest.id}: another program uses the NBD server of its QEMU; wait until it has ended, or end it with nbd-server-stop`,
    );
  }
}

/**
 * Removes all that points have left in a guest, in an order in which nothing is in use; the bitmaps stay. Answers the points. The server that they are
 * read from goes with them, unless it is known to be another program's.
 */
export async function removeFleeces(qmp: Qmp, { keepServer = false } = {}): Promise<PointId[]> {
  await dismissJobs(qmp);
  const { ours, bitmaps } = await graphOf(qmp);
  if (ours.length === 0) return [];
  if (!keepServer) await endExports(qmp);
  const remove = async (part: string) => {
    for (const { name } of ours.filter((one) => one.part === part))
      await qmp.execute('blockdev-del', { 'node-name': name });
  };
  await remove('s');
  for (const { qdev, node } of await filtered(qmp)) {
    const { point, disk } = readNodeName(node)!;
    const original = bitmaps.find(({ name }) => name.startsWith(bitmapName(point, disk, '')));
    if (!original)
      throw new QmpError('qom-set', `the bitmap that tells which node is under ${node} is gone; restart the guest`);
    await qmp.execute('qom-set', { path: qdev, property: 'drive', value: original.node });
  }
  await remove('c');
  await remove('t');
  return [...new Set(ours.map(({ point }) => point))];
}

/** A job that nobody dismissed stays for ever. */
async function dismissJobs(qmp: Qmp) {
  for (const { id, status } of listOf(await qmp.execute('query-jobs'), 'query-jobs'))
    if (String(id).startsWith(JOB) && status === 'concluded') await qmp.execute('job-dismiss', { id });
}

/** The server is ours when all its exports are: we start it when our nodes are there already, and nobody else can meanwhile. */
async function endExports(qmp: Qmp) {
  const isOurs = ({ id }: Readonly<Record<string, unknown>>) => String(id).startsWith('rehost-');
  const all = listOf(await qmp.execute('query-block-exports'), 'query-block-exports');
  if (all.every(isOurs))
    return void (await qmp.execute('nbd-server-stop').catch((error) => {
      // Where a point got no further than its nodes there is no server.
      if (!(error instanceof QmpError)) throw error;
    }));
  for (const { id } of all.filter(isOurs)) await endExport(qmp, String(id));
}

/** The devices between which and their nodes a filter of ours stands. */
async function filtered(qmp: Qmp): Promise<{ qdev: string; node: string }[]> {
  const devices = listOf(await qmp.execute('query-block'), 'query-block');
  return devices
    .map(({ qdev, inserted }) => ({
      qdev: pathOf(String(qdev)),
      node: String((inserted as Readonly<Record<string, unknown>> | undefined)?.['node-name']),
    }))
    .filter(({ node }) => readNodeName(node) !== undefined);
}
