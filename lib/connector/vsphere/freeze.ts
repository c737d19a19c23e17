import { type FreezeOptions, type Point, UnsupportedDiskError, type VmId } from '../source.ts';
import { QuiesceError, VimFaultError } from './faults.ts';
import { openPoint, type PointOptions, refOf } from './frozen-point.ts';
import type { Moref } from './moref.ts';
import { snapshotProblems } from './problems.ts';
import { consolidate, createSnapshot, isOwnedBy, removeSnapshot } from './snapshots.ts';
import { enableTracking } from './tracking.ts';
import type { VimSession } from './vim-session.ts';
import { type VirtualMachine, virtualMachineOf } from './virtual-machine.ts';

/**
 * Freezes servers together. What takes time comes first, for all of them: looking at them, removing what we left behind, beginning to track changes.
 * Then all snapshots are asked for at once. Should one fail, the others are removed.
 */
export async function freezeAll(
  session: VimSession,
  servers: readonly VmId[],
  { freeze, point }: Options,
): Promise<Point[]> {
  for (const server of servers) point.freezing.add(server);
  try {
    return await freezeTogether(session, servers, { freeze, point });
  } finally {
    for (const server of servers) point.freezing.delete(server);
  }
}

interface Options {
  readonly freeze: FreezeOptions;
  readonly point: PointOptions;
}

async function freezeTogether(session: VimSession, servers: readonly VmId[], options: Options): Promise<Point[]> {
  const { freeze, point } = options;
  const machines = await allOf(servers.map((server) => prepared(session, server, options)));
  const made = await Promise.allSettled(machines.map((vm) => snapshotOf(session, vm, { freeze, owner: point.owner })));
  const points: Point[] = [];
  try {
    for (const [index, { ref: vm }] of machines.entries()) {
      const snapshot = made[index]!;
      if (snapshot.status === 'rejected') throw snapshot.reason;
      const opened = await openPoint(session, refOf(vm.id, snapshot.value.id), point);
      if (!opened)
        throw new VimFaultError(
          'NotFound',
          `the snapshot of ${vm.id} was removed as soon as it was made; look who does that`,
        );
      points.push(opened);
    }
    return points;
  } catch (error) {
    for (const one of points) await one.close();
    for (const [index, { ref: vm }] of machines.entries()) {
      const snapshot = made[index]!;
      // The first failure is the one to tell; what cannot be removed now goes with a sweep.
      if (snapshot.status === 'fulfilled') await removeSnapshot(session, vm, snapshot.value).catch(() => {});
    }
    throw error;
  }
}

/** Waits for all, then throws the first failure: nothing goes on behind the caller. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

async function prepared(session: VimSession, server: VmId, { freeze, point }: Options): Promise<VirtualMachine> {
  const vm = await virtualMachineOf(session, server);
  const { owner, known, reader } = point;
  const left = vm.snapshots.filter((one) => isOwnedBy(owner, one) && !known.has(refOf(server, one.ref.id)));
  for (const { ref } of left) await removeSnapshot(session, vm.ref, ref);
  const [problem] = snapshotProblems(vm, { owner, reader });
  if (problem) throw new UnsupportedDiskError(problem.code, problem.message);
  if (freeze.quiesce === 'must' && vm.isOn && !vm.hasTools)
    throw new QuiesceError(
      `${vm.name} cannot be quiesced: VMware Tools do not run in it; start them, or do without quiescing`,
    );
  const isFree = vm.snapshots.length === left.length;
  // What a removal left undone would be in the way as another's snapshot is.
  if (isFree) await consolidate(session, vm.ref);
  // With snapshots of others, tracking cannot begin: a snapshot's disk is not the one that is tracked.
  if (isFree) await enableTracking(session, vm, owner);
  return vm;
}

/** A server that is off is in order by itself. */
async function snapshotOf(
  session: VimSession,
  vm: VirtualMachine,
  { freeze: { quiesce, name }, owner }: { freeze: FreezeOptions; owner: string },
): Promise<Moref> {
  const wanted = vm.isOn && (quiesce === 'must' || (quiesce === 'try' && vm.hasTools));
  try {
    return await createSnapshot(session, vm.ref, { name, owner, quiesce: wanted });
  } catch (error) {
    if (!wanted || !(error instanceof VimFaultError) || NOT_THE_GUEST.includes(error.fault)) throw error;
    if (quiesce === 'must')
      throw new QuiesceError(
        `${vm.name} could not be quiesced: ${error.message}; look at VMware Tools and the guest's own logs`,
        { cause: error },
      );
    return await createSnapshot(session, vm.ref, { name, owner, quiesce: false });
  }
}

/** Failures that a plain snapshot would have as well. */
const NOT_THE_GUEST = [
  'NoPermission',
  'NotAuthenticated',
  'ManagedObjectNotFound',
  'InvalidPowerState',
  'TaskInProgress',
  'HostNotConnected',
  'NoDiskSpace',
];
