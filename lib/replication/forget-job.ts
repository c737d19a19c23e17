import type { Snapshots } from '../snapshots.ts';
import { JobState } from './job-state.ts';

/**
 * Removes what is kept for a job: baselines, manifests, journals. Given the store, unfinished snapshots too; without it they time out. Snapshots of
 * finished runs belong to their images.
 */
export async function forgetJob(jobId: string, stateFolder: string, snapshots?: Snapshots): Promise<void> {
  const state = new JobState(stateFolder, jobId);
  const kept = new Set(Object.values((await state.baseline())?.disks ?? {}).map(({ snapshotId }) => snapshotId));
  for (const { targets } of snapshots ? await state.attempts() : [])
    for (const id of Object.values(targets)) if (!kept.has(id)) await snapshots?.remove(id);
  await state.remove();
}
