import { ChangesUnknownError, type Extent } from '../source.ts';
import { partsOf, trackingOf } from './change-ids.ts';
import { isFault, VimFaultError } from './faults.ts';
import { argument, type Moref, refArgument } from './moref.ts';
import { createSnapshot, removeSnapshot } from './snapshots.ts';
import { runTask } from './tasks.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualDisk } from './virtual-disks.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { children, demandNumber, MalformedAnswerError } from './xml.ts';

/** Has vCenter track changes, from the first snapshot after this on: therefore one is made for that, and removed. */
export async function enableTracking(
  session: VimSession,
  { ref, tracking }: VirtualMachine,
  owner: string,
): Promise<void> {
  if (tracking.isOn || !tracking.isSupported) return;
  const args = `<spec>${argument('changeTrackingEnabled', true)}</spec>`;
  try {
    await runTask(session, { method: 'ReconfigVM_Task', target: ref, args });
  } catch (error) {
    // Without it, disks are compared as a whole: slower, and as right.
    if (error instanceof VimFaultError) return;
    throw error;
  }
  const cycle = await createSnapshot(session, ref, { name: 'rehost/begin-change-tracking', owner, quiesce: false });
  await removeSnapshot(session, ref, cycle);
}

/** A disk of a snapshot. */
export interface FrozenDisk {
  readonly vm: Moref;
  readonly snapshot: Moref;
  readonly disk: VirtualDisk;
}

/** Where there may be data; everywhere, when vCenter does not track or cannot tell. */
export async function* allocatedAreas(session: VimSession, frozen: FrozenDisk): AsyncGenerator<Extent> {
  if (frozen.disk.changeId !== undefined)
    try {
      // Gathered first: a list that breaks off must not be taken for a whole one.
      return yield* await gathered(areasSince(session, frozen, '*'));
    } catch (error) {
      if (!isFault(error, ...UNKNOWN)) throw error;
    }
  if (frozen.disk.size > 0) yield { offset: 0, length: frozen.disk.size };
}

async function gathered(areas: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = [];
  for await (const area of areas) all.push(area);
  return all;
}

/** What changed since the instant that an earlier `changeIdOf` names. Throws ChangesUnknownError. */
export async function* changedAreas(session: VimSession, frozen: FrozenDisk, since: string): AsyncGenerator<Extent> {
  const { disk } = frozen;
  const { size, id } = partsOf(since);
  const unknown = (why: string) => new ChangesUnknownError(`vCenter has no list of changes of ${disk.label}: ${why}`);
  if (disk.changeId === undefined) throw unknown('it does not track them');
  if (size !== disk.size) throw unknown(`the disk had ${size} bytes, and has ${disk.size}`);
  if (trackingOf(id) !== trackingOf(disk.changeId)) throw unknown('tracking began anew');
  try {
    yield* areasSince(session, frozen, id);
  } catch (error) {
    if (!isFault(error, ...UNKNOWN)) throw error;
    throw unknown(error.message);
  }
}

/** How vCenter says that it does not know the change id, or lost the file of changes. */
const UNKNOWN = [
  'InvalidArgument',
  'FileFault',
  'FileNotFound',
  'CannotAccessFile',
  'NotFound',
  'NotSupported',
  'SystemError',
  'RuntimeFault',
];

async function* areasSince(
  session: VimSession,
  { vm, snapshot, disk }: FrozenDisk,
  changeId: string,
): AsyncGenerator<Extent> {
  for (let offset = 0; offset < disk.size; ) {
    const args =
      refArgument('snapshot', snapshot) +
      argument('deviceKey', disk.key) +
      argument('startOffset', offset) +
      argument('changeId', changeId);
    const answer = await session.call('QueryChangedDiskAreas', vm, args);
    for (const page of children(answer, 'returnval')) {
      for (const area of children(page, 'changedArea'))
        yield extentOf(demandNumber(area, 'start'), demandNumber(area, 'length'), disk);
      const length = demandNumber(page, 'length');
      if (length === 0)
        throw new MalformedAnswerError(`vCenter's list of changes of ${disk.label} does not go on behind ${offset}`);
      offset += length;
    }
  }
}

function extentOf(offset: number, length: number, { label, size }: VirtualDisk): Extent {
  if (offset + length <= size) return { offset, length };
  throw new MalformedAnswerError(`vCenter says that ${label} changed behind its end`);
}
