import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ServerNotFoundError, type VmId } from '../source.ts';
import { SilentSocketError } from './json-lines.ts';
import { resume } from './pause.ts';
import { connectQmp, type Qmp } from './qmp.ts';

/** A running guest: where its QEMU is reached. */
export interface Guest {
  /** Its socket's name without the ending. Unlike a process it is the same when the guest is started again. */
  readonly id: VmId;
  readonly qmp: string;
  /** Socket of the guest agent, beside the other; where it is absent there is no agent. */
  readonly agent: string;
}

/** A guest that a program of ours talks to. */
export interface Session {
  readonly guest: Guest;
  readonly qmp: Qmp;
}

/** Endings of the sockets in a folder of guests. */
const QMP = '.qmp';
const AGENT = '.qga';

/** The guests whose sockets are in the folder, by name; or the one whose socket `place` is. */
export async function findGuests(place: string): Promise<Guest[]> {
  if ((await stat(place)).isSocket()) return [guestAt(place)];
  const names = (await readdir(place)).filter((name) => extname(name) === QMP && !name.startsWith('.')).sort();
  return names.map((name) => guestAt(join(place, name)));
}

function guestAt(qmp: string): Guest {
  const id = basename(qmp, extname(qmp));
  return { id, qmp, agent: join(dirname(qmp), `${id}${AGENT}`) };
}

export async function findGuest(place: string, id: VmId): Promise<Guest> {
  const guest = (await findGuests(place)).find((one) => one.id === id);
  if (guest) return guest;
  throw new ServerNotFoundError(`no guest ${id} at ${place}: there is no socket ${id}${QMP}; start the guest with one`);
}

/** The last of those who wait for a guest's monitor, by its path: it has one client at a time. */
const turns = new Map<string, Promise<void>>();

/** Talks to guests, to each of which nobody else of this process talks meanwhile. Throws ServerNotFoundError for one that does not run. */
export async function withGuests<T>(
  guests: readonly Guest[],
  work: (sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const open: { session: Session; leave(): void }[] = [];
  try {
    // In one order for everybody, so that no two wait for each other.
    for (const guest of [...guests].sort((one, other) => (one.qmp < other.qmp ? -1 : 1))) {
      const leave = await enter(guest.qmp);
      const session = await connect(guest).catch((error) => {
        leave();
        throw error;
      });
      open.push({ session, leave });
      await resume(session.qmp);
    }
    return await work(guests.map((guest) => open.find(({ session }) => session.guest === guest)!.session));
  } finally {
    for (const { session, leave } of open) {
      session.qmp.close();
      leave();
    }
  }
}

export const withGuest = <T>(guest: Guest, work: (qmp: Qmp) => Promise<T>): Promise<T> =>
  withGuests([guest], ([session]) => work(session!.qmp));

async function enter(path: string): Promise<() => void> {
  const before = turns.get(path);
  let leave = () => {};
  const turn = new Promise<void>((resolve) => {
    leave = resolve;
  });
  turns.set(path, turn);
  await before;
  return () => {
    if (turns.get(path) === turn) turns.delete(path);
    leave();
  };
}

async function connect(guest: Guest): Promise<Session> {
  try {
    return { guest, qmp: await connectQmp(guest.qmp) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      throw new ServerNotFoundError(`guest ${guest.id} does not run: nobody listens on ${guest.qmp}; start it`);
    if (error instanceof SilentSocketError)
      throw new SilentSocketError(`guest ${guest.id}: ${error.message}`, { cause: error });
    throw error;
  }
}
