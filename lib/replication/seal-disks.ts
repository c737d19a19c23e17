import { type SnapshotId, SnapshotStateError } from '../snapshots.ts';
import type { CopiedDisk } from './copy-disks.ts';
import type { BaselineDisk } from './job-state.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import type { Pass, TransferServices } from './transfer-server.ts';
import { verifySnapshot } from './verify-snapshot.ts';

/** Milliseconds between two looks at a snapshot that the store is completing. */
const POLL_INTERVAL = 1_000;
/** Looks in a row that have to find a snapshot gone or broken: EC2 does not always know at once what EBS has done. */
const ANSWERS = 3;

interface SealOptions {
  readonly pass: Pass;
  readonly progress: Progress;
}

/** Seals all disks, then verifies all. Answers what the next run builds on, by the key of the disk. */
export async function sealDisks(copied: readonly CopiedDisk[], options: SealOptions) {
  const { services, state } = options.pass;
  for (const { transferred, seal } of copied) await services.snapshots.complete(transferred.snapshotId, seal);
  for (const { transferred } of copied) await completed(transferred.snapshotId, services);
  if (services.verification === 'full') planReads(copied, options);
  const disks: Record<string, BaselineDisk> = {};
  for (const one of copied) {
    const manifest = state.openManifest(one.baseline.manifest);
    try {
      await verify(one, manifest, options);
    } finally {
      manifest.close();
    }
    disks[one.transferred.key] = one.baseline;
  }
  return disks;
}

async function verify(
  { transferred: { snapshotId }, put, parent }: CopiedDisk,
  manifest: Manifest,
  { pass: { services }, progress }: SealOptions,
) {
  const { snapshots, verification = 'samples', signal } = services;
  const isFull = verification === 'full';
  const expected = { manifest, put, ...(parent === undefined ? {} : { parent }) };
  await verifySnapshot(snapshotId, expected, {
    snapshots,
    verification,
    progress: isFull ? progress : { block() {} },
    ...(signal ? { signal } : {}),
  });
}

/** To read all takes as long as to put all: it has a progress of its own. */
function planReads(copied: readonly CopiedDisk[], { pass: { state }, progress }: SealOptions) {
  progress.restart();
  for (const { baseline } of copied) {
    const manifest = state.openManifest(baseline.manifest);
    progress.plan(manifest.count());
    manifest.close();
  }
  progress.stage('Preparing');
}

/** Waits until the store says that the snapshot is completed; EBS takes a while after the call. */
async function completed(id: SnapshotId, { snapshots, clock, signal }: TransferServices): Promise<void> {
  for (let missing = 0; ; ) {
    const state = await snapshots.state(id);
    if (state === 'completed') return;
    missing = state === 'pending' ? 0 : missing + 1;
    if (missing >= ANSWERS) throw new SnapshotStateError(`snapshot ${id} became ${state ?? 'unknown'}; copy again`);
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => clock.setTimer(clock.now() + POLL_INTERVAL, resolve));
  }
}
