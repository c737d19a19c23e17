import type { Clock } from '../clock.ts';
import { type SnapshotId, SnapshotStateError, type Snapshots } from '../snapshots.ts';
import type { CopiedDisk } from './copy-disks.ts';
import type { BaselineDisk } from './job-state.ts';
import type { Pass } from './transfer-server.ts';
import { verifySnapshot } from './verify-snapshot.ts';

/** Milliseconds between two looks at a snapshot that the store is completing. */
const POLL_INTERVAL = 1_000;

/** Seals all disks, then verifies all. Answers what the next run builds on, by the key of the disk. */
export async function sealDisks(copied: readonly CopiedDisk[], { services, state }: Pass) {
  const { snapshots } = services;
  for (const { transferred, seal } of copied) await snapshots.complete(transferred.snapshotId, seal);
  const disks: Record<string, BaselineDisk> = {};
  for (const { transferred, baseline, put, parent } of copied) {
    await completed(transferred.snapshotId, services);
    const manifest = await state.readManifest(baseline.manifest);
    const expected = { manifest, put, ...(parent === undefined ? {} : { parent }) };
    await verifySnapshot(snapshots, transferred.snapshotId, expected);
    disks[transferred.key] = baseline;
  }
  return disks;
}

/** Waits until the store says that the snapshot is completed; EBS takes a while after the call. */
async function completed(id: SnapshotId, { snapshots, clock, signal }: SealServices): Promise<void> {
  for (;;) {
    const state = await snapshots.state(id);
    if (state === 'completed') return;
    if (state !== 'pending') throw new SnapshotStateError(`snapshot ${id} became ${state ?? 'unknown'}; copy again`);
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => clock.setTimer(clock.now() + POLL_INTERVAL, resolve));
  }
}

interface SealServices {
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}
