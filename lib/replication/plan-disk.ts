import type { Disk } from '../connector/source.ts';
import type { BlockSet } from './block-set.ts';
import type { BaselineDisk } from './job-state.ts';
import { type Plan, planBlocks } from './plan-blocks.ts';
import type { Pass } from './transfer-server.ts';

/** A source with change tracking is not believed for ever: such lists have missed changes. Source: Broadcom KB 317933. */
const SCAN_EVERY = 10;

export class DiskShrunkError extends Error {
  override readonly name = 'DiskShrunkError';
}

export interface PlannedDisk {
  readonly disk: Disk;
  /** What it builds on; absent for a copy of the whole disk. */
  readonly known?: BaselineDisk;
  readonly plan: Plan;
}

/** Plans a disk: by the source's list of changes, by comparing all that can differ, or (`whole`) as if it had never been copied. */
export async function planDisk(disk: Disk, pass: Pass, { whole = false } = {}): Promise<PlannedDisk> {
  const known = whole ? undefined : await usableBaseline(disk, pass);
  if (!known) return { disk, plan: await planBlocks(disk) };
  const manifest = pass.state.openManifest(known.manifest);
  try {
    const { changeId, size } = known;
    const scan = known.distrusted === true || (known.listRuns ?? 0) + 1 >= (pass.services.scanEvery ?? SCAN_EVERY);
    return { disk, known, plan: await planBlocks(disk, { manifest, size, scan, ...(changeId ? { changeId } : {}) }) };
  } finally {
    manifest.close();
  }
}

/** Without its parent in the store, or under another key than the parent's, there is nothing to build on: the disk is copied whole. */
async function usableBaseline({ key, size }: Disk, { request, services, baseline }: Pass) {
  const known = baseline?.disks[key];
  if (!known) return undefined;
  if (size < known.size)
    throw new DiskShrunkError(
      `disk ${key} of ${request.vmId} shrank from ${known.size} to ${size} bytes; delete the replication job and create another for a full copy`,
    );
  if (known.kmsKeyArn !== request.kmsKeyArn) return undefined;
  return (await services.snapshots.state(known.snapshotId)) === 'completed' ? known : undefined;
}

/** How far the source's lists are believed by the next run, after this one put those blocks. */
export function trustAfter({ known, plan }: PlannedDisk, put: BlockSet) {
  if (plan.by === 'list')
    return { listRuns: (known?.listRuns ?? 0) + 1, ...(known?.distrusted ? { distrusted: true as const } : {}) };
  return missedBlocks(plan, put) > 0 ? { distrusted: true as const } : {};
}

/** Blocks that had changed though the source did not list them. */
export function missedBlocks({ listed }: Plan, put: BlockSet): number {
  let missed = 0;
  if (listed) for (const index of put) if (!listed.has(index)) missed++;
  return missed;
}
