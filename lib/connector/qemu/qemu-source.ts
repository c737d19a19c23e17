import { randomInt } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DiscoveredServer } from '../../ports.ts';
import { type FreezeOptions, type Point, type Source, UnsupportedDiskError, type VmId } from '../source.ts';
import { uuidOf } from '../uuid-of.ts';
import { isRecord } from './answers.ts';
import { cut, type Fleece, folderOf, NbdServerInUseError, prepare, publish, removeFleeces } from './fleece.ts';
import { isOpen, openPoint } from './frozen-guest.ts';
import { graphOf } from './graph.ts';
import { type Quiesced, QuiesceError, quiesce } from './guest-agent.ts';
import { disksOf, problemsOfGuest } from './guest-disks.ts';
import { findGuest, findGuests, type Guest, type Session, withGuest, withGuests } from './guests.ts';
import { bitmapName, pointIdOf, pointOfFolder, timeOf } from './names.ts';
import { type RefContent, readRef } from './point-ref.ts';

/** Milliseconds after which a point that nobody here has open is taken for one that a process left behind: a week, longer than any copy. */
const ORPHANED_AFTER = 7 * 24 * 3_600_000;

export interface QemuOptions {
  /** Folder on the guests' machine for what they overwrite while they are copied. */
  readonly scratch: string;
}

/** `qemu:PLACE`: the running guests of QEMU whose QMP sockets are in a folder, or the one whose socket it is. See docs/qemu.md. */
export function qemuSource(place: string, options: QemuOptions): Source {
  const root = realpathSync(place);
  return {
    manager: { id: uuidOf(`qemu:${root}`), name: basename(root), type: 'VSPHERE' },
    capabilities: { changeTracking: true, batch: true, quiesce: true, live: true },
    inventory: () => inventory(root, options),
    check: async (server) => withGuest(await findGuest(root, server), problemsOfGuest),
    freeze: (servers, freezing) => freeze(servers, { root, ...options, ...freezing }),
    reopen: (ref) => reopen(root, ref),
  };
}

async function* inventory(root: string, options: QemuOptions): AsyncGenerator<DiscoveredServer> {
  await sweepFolders(options);
  for (const guest of await findGuests(root)) {
    const name = await nameOf(guest, options);
    if (name !== undefined) yield { vmId: guest.id, vmName: name, vmPath: `/${basename(root)}/vm/${guest.id}` };
  }
}

/** Its name as QEMU was told; its socket's where another program talks to it; undefined when it does not run. */
async function nameOf(guest: Guest, { scratch }: QemuOptions): Promise<string | undefined> {
  try {
    return await withGuest(guest, async (qmp) => {
      await sweep({ guest, qmp }, { scratch, isOrphan: isOrphaned });
      const answer = await qmp.execute('query-name');
      return isRecord(answer) && typeof answer.name === 'string' && answer.name !== '' ? answer.name : guest.id;
    });
  } catch (error) {
    return (error as Error).name === 'ServerNotFoundError' ? undefined : guest.id;
  }
}

/** A process that was killed before its point had nodes left a folder that no guest knows. */
async function sweepFolders({ scratch }: QemuOptions) {
  for (const name of await readdir(scratch)) {
    const point = pointOfFolder(name);
    if (point && !isOpen(point) && isOrphaned(timeOf(point)))
      await rm(join(scratch, name), { recursive: true, force: true });
  }
}

const isOrphaned = (at: number) => at < Date.now() - ORPHANED_AFTER;

interface Sweeping {
  readonly scratch: string;
  isOrphan(at: number): boolean;
}

/** Removes points that processes have left behind in a guest. */
async function sweep({ qmp }: Session, { scratch, isOrphan }: Sweeping) {
  const { ours } = await graphOf(qmp);
  if (ours.length > 0 && !ours.some(({ point }) => !isOpen(point) && isOrphan(timeOf(point)))) return;
  for (const point of await removeFleeces(qmp)) await rm(folderOf(scratch, point), { recursive: true, force: true });
}

type Freezing = FreezeOptions & QemuOptions & { readonly root: string };

async function freeze(servers: readonly VmId[], options: Freezing): Promise<Point[]> {
  if (new Set(servers).size < servers.length)
    throw new GuestBusyError(`guests ${servers.join(', ')}: one is named twice; name each once`);
  const guests: Guest[] = [];
  for (const server of servers) guests.push(await findGuest(options.root, server));
  return withGuests(guests, async (sessions) => {
    const fleeces: Fleece[] = [];
    const modes: Awaited<ReturnType<typeof disksOf>>[] = [];
    const points: Point[] = [];
    try {
      for (const session of sessions) {
        await demandFree(session);
        await demandSupported(session);
        // A point that is there is of an earlier process, or of another that lost its right to copy.
        await sweep(session, { scratch: options.scratch, isOrphan: () => true });
        const found = await disksOf(session.qmp);
        modes.push(found);
        fleeces.push(fleeceOf(session, found.disks, options));
        await prepare(fleeces.at(-1)!);
      }
      const cuts = await cutAll(fleeces, options.quiesce);
      for (const [position, fleece] of fleeces.entries()) {
        await publish(fleece);
        points.push(await openPoint(fleece.session.guest, refOf(fleece, cuts[position]!), modes[position]!.bootMode));
      }
      return points;
    } catch (error) {
      for (const point of points) await point.close();
      await undo(fleeces, { keepServer: error instanceof NbdServerInUseError });
      throw error;
    }
  });
}

/** A guest is being copied by this very process. */
export class GuestBusyError extends Error {
  override readonly name = 'GuestBusyError';
}

async function demandFree({ qmp, guest }: Session) {
  if ((await graphOf(qmp)).ours.some(({ point }) => isOpen(point)))
    throw new GuestBusyError(`guest ${guest.id} is being copied already; wait until that copy has ended`);
}

/** Whoever did not check before: what QEMU cannot do is not tried on a guest that runs. */
async function demandSupported({ qmp, guest }: Session) {
  const [problem] = await problemsOfGuest(qmp);
  if (problem) throw new UnsupportedDiskError(problem.code, `guest ${guest.id}: ${problem.message}`);
}

function fleeceOf(session: Session, disks: Fleece['disks'], { name, scratch }: Freezing): Fleece {
  const point = pointIdOf(Date.now(), randomInt(36 ** 3));
  return { session, point, label: name, disks, folder: folderOf(scratch, point) };
}

/** When a guest was frozen, and whether its agent held its file systems still then. */
interface Cut {
  readonly at: number;
  readonly quiesced: boolean;
}

const refOf = ({ session, point, label, disks, folder }: Fleece, { at, quiesced }: Cut): RefContent => ({
  server: session.guest.id,
  point,
  at,
  quiesced,
  folder,
  disks: disks.map(({ key, size, node }, index) => ({ key, size, node, bitmap: bitmapName(point, index, label) })),
});

/** All at once, as near as it goes: milliseconds lie between. */
async function cutAll(fleeces: readonly Fleece[], how: FreezeOptions['quiesce']): Promise<Cut[]> {
  const guests = how === 'no' ? fleeces.map(() => undefined) : await quiesceAll(fleeces, how);
  const made = await Promise.allSettled(
    fleeces.map(async (fleece) => {
      await cut(fleece);
      return Date.now();
    }),
  );
  const held = await thawAll(guests);
  const times = made.map((one) => (one.status === 'fulfilled' ? one.value : thrown(one.reason)));
  const early = held.indexOf(false);
  if (how === 'must' && early >= 0)
    throw new QuiesceError(
      `guest ${fleeces[early]!.session.guest.id}: it let its file systems go before it was frozen; see what its agent logs, and try again`,
    );
  return times.map((at, position) => ({ at, quiesced: held[position]! }));
}

/** Each guest that its agent holds still; undefined where it does not, and need not. */
async function quiesceAll(fleeces: readonly Fleece[], how: 'try' | 'must'): Promise<(Quiesced | undefined)[]> {
  const ends = await Promise.allSettled(fleeces.map(({ session }) => quiesce(session.guest)));
  const quiesced = ends.map((end) => (end.status === 'fulfilled' ? end.value : undefined));
  const failure = ends.find((end) => end.status === 'rejected')?.reason;
  if (failure === undefined || (how === 'try' && failure instanceof QuiesceError)) return quiesced;
  await thawAll(quiesced);
  throw failure;
}

/** Lets all go, also when one fails: no guest may stay frozen. Answers which were held until then. */
async function thawAll(quiesced: readonly (Quiesced | undefined)[]): Promise<boolean[]> {
  const ends = await Promise.allSettled(quiesced.map(async (guest) => (await guest?.thaw()) ?? false));
  return ends.map((end) => (end.status === 'fulfilled' ? end.value : thrown(end.reason)));
}

function thrown(reason: unknown): never {
  throw reason;
}

/** What cannot be undone stays for the sweeper; the failure before is what is told. */
async function undo(fleeces: readonly Fleece[], options: { keepServer: boolean }) {
  for (const { session, folder } of fleeces) {
    await removeFleeces(session.qmp, options).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

async function reopen(root: string, text: string): Promise<Point | undefined> {
  const ref = readRef(text);
  const guest = ref && (await findGuests(root)).find(({ id }) => id === ref.server);
  if (!guest) return undefined;
  try {
    const bootMode = await withGuest(guest, async (qmp) => {
      const { ours } = await graphOf(qmp);
      const frozen = ours.filter(({ point, part }) => point === ref.point && part === 's');
      return frozen.length === ref.disks.length ? { value: (await disksOf(qmp)).bootMode } : undefined;
    });
    return bootMode && (await openPoint(guest, ref, bootMode.value));
  } catch (error) {
    if (isGone(error as NodeJS.ErrnoException)) return undefined;
    throw error;
  }
}

/** The guest does not run, or its NBD server ended. */
const isGone = ({ name, code = '' }: NodeJS.ErrnoException) =>
  name === 'ServerNotFoundError' || name === 'NbdError' || code === 'ENOENT' || code === 'ECONNREFUSED';
