import { createHash } from 'node:crypto';
import type { Disk, Point } from '../connector/source.ts';
import { GIB, type SnapshotId } from '../snapshots.ts';
import { Concurrency, REMOTE_LIMITS } from './concurrency.ts';
import { copyDisk } from './copy-disk.ts';
import type { Attempt, BaselineDisk } from './job-state.ts';
import { Manifest } from './manifest.ts';
import { blocksOfDisk, countBlocks, type Previous, planBlocks } from './plan-blocks.ts';
import type { Progress } from './progress.ts';
import type { Pass, TransferredDisk } from './transfer-server.ts';

/** Volumes of a server that SMS replicated at most. Source: its user guide, requirements. */
const MAX_DISKS = 22;
/** Minutes in which the store must get a block of a pending snapshot: EBS's default. */
const TIMEOUT_MINUTES = 60;

export class DiskShrunkError extends Error {
  override readonly name = 'DiskShrunkError';
}
export class TooManyDisksError extends Error {
  override readonly name = 'TooManyDisksError';
}

/** A disk whose blocks are all in its snapshot, which is not sealed yet. */
export interface CopiedDisk {
  readonly transferred: TransferredDisk;
  readonly seal: { readonly written: number; readonly linear: Buffer };
  readonly put: Uint8Array;
  readonly parent?: SnapshotId;
  /** What the next run builds on, once this disk is sealed. */
  readonly baseline: BaselineDisk;
}

interface PlannedDisk {
  readonly disk: Disk;
  readonly parent?: SnapshotId;
  readonly plan: Uint8Array;
}

interface Options {
  readonly attempt: Attempt;
  readonly pass: Pass;
  readonly progress: Progress;
}

type CopyOneOptions = Options & { readonly concurrency: Concurrency };

/** Plans all disks of the point, then copies them one after the other. */
export async function copyDisks(point: Point, { attempt, pass, progress }: Options): Promise<CopiedDisk[]> {
  const disks = await point.disks();
  if (disks.length > MAX_DISKS)
    throw new TooManyDisksError(
      `server ${point.server} has ${disks.length} disks; at most ${MAX_DISKS} can be migrated: move some to another server`,
    );
  const planned: PlannedDisk[] = [];
  for (const disk of disks) planned.push(await planDisk(disk, pass));
  for (const { plan } of planned) progress.plan(countBlocks(plan));
  progress.stage('Uploading');

  const { clock, concurrency: limits = REMOTE_LIMITS } = pass.services;
  // One for all disks: what it has learnt of the store holds for the next disk, too.
  const concurrency = new Concurrency(limits, clock);
  const copied: CopiedDisk[] = [];
  let current = attempt;
  for (const one of planned) {
    const target = await startTarget(one, current, pass);
    current = { ...current, targets: { ...current.targets, [one.disk.key]: target } };
    // Nothing is put before it is recorded where: what an interrupted attempt began can be found and removed.
    await pass.state.saveAttempt(current);
    copied.push(await copyOne(one, target, { attempt: current, pass, progress, concurrency }));
  }
  return copied;
}

async function planDisk(disk: Disk, pass: Pass): Promise<PlannedDisk> {
  const known = await usableBaseline(disk, pass);
  const previous = known && (await previousOf(known, pass));
  const plan = await planBlocks(disk, previous);
  return { disk, plan, ...(known ? { parent: known.snapshotId } : {}) };
}

/** Without its parent in the store there is nothing to build on: the disk is copied whole. */
async function usableBaseline({ key, size }: Disk, { request, services, baseline }: Pass) {
  const known = baseline?.disks[key];
  if (!known) return undefined;
  if (size < known.size)
    throw new DiskShrunkError(
      `disk ${key} of ${request.vmId} shrank from ${known.size} to ${size} bytes; delete the replication job and create another for a full copy`,
    );
  return (await services.snapshots.state(known.snapshotId)) === 'completed' ? known : undefined;
}

async function previousOf({ manifest, changeId }: BaselineDisk, { state }: Pass): Promise<Previous> {
  return { manifest: await state.readManifest(manifest), ...(changeId === undefined ? {} : { changeId }) };
}

async function startTarget({ disk, parent }: PlannedDisk, attempt: Attempt, pass: Pass): Promise<SnapshotId> {
  const { request, services } = pass;
  const key = parent === undefined && request.kmsKeyArn !== undefined ? { kmsKeyArn: request.kmsKeyArn } : {};
  const { id } = await services.snapshots.start({
    sizeGiB: sizeGiBOf(disk),
    ...(parent === undefined ? key : { parent }),
    token: tokenOf(attempt, disk),
    description: request.description,
    tags: request.tags,
    timeoutMinutes: TIMEOUT_MINUTES,
  });
  return id;
}

/** A call that was interrupted before it recorded the snapshot's id gets the same again. */
const tokenOf = ({ runId, attempt, generation }: Attempt, { key }: Disk) =>
  createHash('sha256')
    .update(JSON.stringify([runId, attempt, generation, key]))
    .digest('hex');

const sizeGiBOf = ({ size }: Disk) => Math.max(1, Math.ceil(size / GIB));

async function copyOne(
  { disk, parent, plan }: PlannedDisk,
  target: SnapshotId,
  options: CopyOneOptions,
): Promise<CopiedDisk> {
  const { attempt, pass, progress, concurrency } = options;
  const known = parent === undefined ? undefined : pass.baseline?.disks[disk.key];
  const manifest = Manifest.of(plan.length, known && (await pass.state.readManifest(known.manifest)).bytes);
  const { seal, put } = await copyDisk(disk, {
    snapshots: pass.services.snapshots,
    target,
    plan,
    manifest,
    journal: {
      path: pass.state.journalPath(attempt, disk.key),
      header: JSON.stringify({ point: attempt.point, target, parent, size: disk.size }),
    },
    progress,
    concurrency,
    ...(pass.services.signal ? { signal: pass.services.signal } : {}),
  });
  const transferred: TransferredDisk = {
    key: disk.key,
    snapshotId: target,
    sizeGiB: sizeGiBOf(disk),
    bytes: disk.size,
    blocksTotal: blocksOfDisk(disk),
    blocksCopied: seal.written,
    linearSha256: seal.linear.toString('hex'),
  };
  const baseline: BaselineDisk = {
    snapshotId: target,
    size: disk.size,
    manifest: await pass.state.saveManifest(attempt, disk.key, manifest),
    ...(disk.changeId === undefined ? {} : { changeId: disk.changeId }),
  };
  return { transferred, seal, put, baseline, ...(parent === undefined ? {} : { parent }) };
}
