import { createHash } from 'node:crypto';
import type { Disk, Point } from '../connector/source.ts';
import { GIB, type SnapshotId } from '../snapshots.ts';
import type { BlockSet } from './block-set.ts';
import { Concurrency, REMOTE_LIMITS } from './concurrency.ts';
import { copyDisk } from './copy-disk.ts';
import type { Attempt, BaselineDisk } from './job-state.ts';
import { blocksOfDisk } from './plan-blocks.ts';
import { missedBlocks, type PlannedDisk, planDisk, trustAfter } from './plan-disk.ts';
import type { Progress } from './progress.ts';
import type { Pass, TransferredDisk } from './transfer-server.ts';

/** Volumes of a server that SMS replicated at most. Source: its user guide, requirements. */
const MAX_DISKS = 22;
/** Minutes in which the store must get a block of a pending snapshot: EBS's default, and the most there is, for a copy that is held up on purpose. */
const TIMEOUT_MINUTES = { unpaced: 60, paced: 4_320 };

export class TooManyDisksError extends Error {
  override readonly name = 'TooManyDisksError';
}

/** A disk whose blocks are all in its snapshot, which is not sealed yet. */
export interface CopiedDisk {
  readonly transferred: TransferredDisk;
  readonly seal: { readonly written: number; readonly linear: Buffer };
  readonly put: BlockSet;
  readonly parent?: SnapshotId;
  /** What the next run builds on, once this disk is sealed. */
  readonly baseline: BaselineDisk;
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
  for (const { plan } of planned) progress.plan(plan.blocks.count());
  progress.stage('Uploading');

  const { clock, concurrency: limits = REMOTE_LIMITS } = pass.services;
  // One for all disks: what it has learnt of the store holds for the next disk, too.
  const concurrency = new Concurrency(limits, clock);
  const copied: CopiedDisk[] = [];
  let current = attempt;
  for (const one of planned) {
    const begun = await beginTarget(one, { attempt: current, pass, progress });
    current = { ...current, targets: { ...current.targets, [one.disk.key]: begun.target } };
    // Nothing is put before it is recorded where: what an interrupted attempt began can be found and removed.
    await pass.state.saveAttempt(current);
    copied.push(await copyOne(begun, { attempt: current, pass, progress, concurrency }));
  }
  return copied;
}

interface BegunDisk extends PlannedDisk {
  readonly target: SnapshotId;
}

/** Starts the disk's snapshot. Where the store does not take the parent any more (gone, or not to be built on), the disk is copied whole. */
async function beginTarget(planned: PlannedDisk, { attempt, pass, progress }: Options): Promise<BegunDisk> {
  const begun = await startTarget(planned, attempt, pass).catch(async (error: Error) => {
    if (!planned.known || !REFUSED_PARENT.includes(error.name)) throw error;
    const whole = await planDisk(planned.disk, pass, { whole: true });
    progress.plan(whole.plan.blocks.count() - planned.plan.blocks.count());
    return startTarget(whole, attempt, pass);
  });
  const earlier = attempt.targets[planned.disk.key];
  if (earlier !== undefined && earlier !== begun.target) await pass.services.snapshots.remove(earlier);
  return begun;
}

/** Among others, encryption by default refuses children of what is not encrypted. Source: EBS user guide, encryption outcomes. */
const REFUSED_PARENT = ['SnapshotSpecError', 'SnapshotStateError'];

async function startTarget(planned: PlannedDisk, attempt: Attempt, { request, services }: Pass): Promise<BegunDisk> {
  const { disk, known } = planned;
  const { kmsKeyArn } = request;
  const { id } = await services.snapshots.start({
    sizeGiB: sizeGiBOf(disk),
    ...(known ? { parent: known.snapshotId } : kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    token: tokenOf(planned, attempt, kmsKeyArn),
    description: request.description,
    tags: request.tags,
    timeoutMinutes: services.pacer?.isLimited ? TIMEOUT_MINUTES.paced : TIMEOUT_MINUTES.unpaced,
  });
  return { ...planned, target: id };
}

/** A call that was interrupted before it recorded the snapshot's id gets the same again. */
const tokenOf = ({ disk, known }: PlannedDisk, { runId, attempt, generation }: Attempt, kmsKeyArn?: string) =>
  createHash('sha256')
    .update(JSON.stringify([runId, attempt, generation, disk.key, known?.snapshotId, kmsKeyArn]))
    .digest('hex');

const sizeGiBOf = ({ size }: Disk) => Math.max(1, Math.ceil(size / GIB));

async function copyOne(begun: BegunDisk, options: CopyOneOptions): Promise<CopiedDisk> {
  const { disk, known, target, plan } = begun;
  const { attempt, pass, progress, concurrency } = options;
  const { request, services, state } = pass;
  const parent = known?.snapshotId;
  const from = known ? { from: known.manifest } : {};
  const manifest = state.beginManifest(attempt, disk.key, { blocks: blocksOfDisk(disk), ...from });
  const { seal, put } = await copyDisk(disk, {
    snapshots: services.snapshots,
    target,
    plan: plan.blocks,
    manifest,
    journal: {
      path: state.journalPath(attempt, disk.key),
      header: JSON.stringify({ point: attempt.point, target, parent, size: disk.size }),
    },
    progress,
    concurrency,
    ...(services.pacer ? { pacer: services.pacer } : {}),
    ...(services.signal ? { signal: services.signal } : {}),
  }).catch((error) => {
    manifest.close();
    throw error;
  });
  const baseline: BaselineDisk = {
    snapshotId: target,
    size: disk.size,
    manifest: await state.keepManifest(attempt, disk.key, manifest),
    ...(disk.changeId === undefined ? {} : { changeId: disk.changeId }),
    ...(request.kmsKeyArn === undefined ? {} : { kmsKeyArn: request.kmsKeyArn }),
    ...trustAfter(begun, put),
  };
  const transferred = transferredDisk(begun, { seal, put });
  return { transferred, seal, put, baseline, ...(parent === undefined ? {} : { parent }) };
}

function transferredDisk({ disk, target, plan }: BegunDisk, { seal, put }: Pick<CopiedDisk, 'seal' | 'put'>) {
  const missed = missedBlocks(plan, put);
  return {
    key: disk.key,
    snapshotId: target,
    sizeGiB: sizeGiBOf(disk),
    bytes: disk.size,
    blocksTotal: blocksOfDisk(disk),
    blocksCopied: seal.written,
    linearSha256: seal.linear.toString('hex'),
    ...(missed > 0 ? { changeTrackingMissed: missed } : {}),
  };
}
