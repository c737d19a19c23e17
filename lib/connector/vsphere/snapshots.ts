import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, isGone } from './faults.ts';
import { argument, type Moref, morefOf } from './moref.ts';
import { propertiesOf } from './properties.ts';
import { runTask } from './tasks.ts';
import type { VimSession } from './vim-session.ts';
import { type SnapshotEntry, snapshotsIn } from './virtual-machine.ts';
import { MalformedAnswerError, textOf } from './xml.ts';

/** Begins the name of every snapshot that Rehost makes. */
const PREFIX = 'rehost/';
/** Characters of a snapshot's name. Source: vSphere client. */
const MAX_NAME = 80;
/** Attempts to remove a snapshot while something else goes on with its virtual machine; milliseconds before the second, and then twice as long. */
const ATTEMPTS = 6;
const RETRY_DELAY = 500;

export const snapshotName = (name: string) => (name.startsWith(PREFIX) ? name : PREFIX + name).slice(0, MAX_NAME);

/** Who made a snapshot stands at the end of its description, where people leave it alone. */
const mark = (owner: string) => `[rehost ${owner}]`;

export const isOwnedBy = (owner: string, { name, description }: SnapshotEntry) =>
  name.startsWith(PREFIX) && description.endsWith(mark(owner));

export const isOfRehost = ({ name, description }: SnapshotEntry) =>
  name.startsWith(PREFIX) && /\[rehost \S+\]$/.test(description);

/** Makes a snapshot without the guest's memory. Throws VimFaultError. */
export async function createSnapshot(
  session: VimSession,
  vm: Moref,
  { name, owner, quiesce }: { name: string; owner: string; quiesce: boolean },
): Promise<Moref> {
  const description = `Made by Rehost to copy the disks, and removed when they are copied. Remove it by hand only if no copy is under way. ${mark(owner)}`;
  const args =
    argument('name', snapshotName(name)) +
    argument('description', description) +
    argument('memory', false) +
    argument('quiesce', quiesce);
  const result = await runTask(session, { method: 'CreateSnapshot_Task', target: vm, args });
  if (result === undefined) throw new MalformedAnswerError(`vCenter does not say which snapshot it made of ${vm.id}`);
  return morefOf(result);
}

/** What vCenter answers while another task has the virtual machine. */
const BUSY = ['TaskInProgress', 'ConcurrentAccess', 'ResourceInUse', 'InvalidState', 'FileLocked', 'VimFault'];

/** Removes a snapshot, and what its removal left to consolidate. One that is gone is removed already. */
export async function removeSnapshot(session: VimSession, vm: Moref, snapshot: Moref): Promise<void> {
  const args = argument('removeChildren', false) + argument('consolidate', true);
  for (let attempt = 1; ; attempt++) {
    try {
      await runTask(session, { method: 'RemoveSnapshot_Task', target: snapshot, args });
      break;
    } catch (error) {
      if (isGone(error)) break;
      if (attempt === ATTEMPTS || !isFault(error, ...BUSY)) throw error;
      await sleep(RETRY_DELAY * 2 ** (attempt - 1));
    }
  }
  await consolidate(session, vm);
}

/** A snapshot can be gone from the list, and its files still be there. */
export async function consolidate(session: VimSession, vm: Moref): Promise<void> {
  const found = await propertiesOf(session, vm, ['runtime.consolidationNeeded']);
  if (textOf(found?.get('runtime.consolidationNeeded')) !== 'true') return;
  await runTask(session, { method: 'ConsolidateVMDisks_Task', target: vm });
}

export async function snapshotsOf(session: VimSession, vm: Moref): Promise<SnapshotEntry[]> {
  return snapshotsIn((await propertiesOf(session, vm, ['snapshot']))?.get('snapshot'));
}
