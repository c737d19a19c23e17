import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

/** Deregisters the job's oldest images beyond the number to keep. The newest image's snapshots stay: they are the next run's parents. */
export async function applyRetention(
  { replicationRunId }: { replicationRunId: string },
  { store, images, snapshots, clock }: Services,
): Promise<{ deregistered: string[] }> {
  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!job?.numberOfRecentAmisToKeep) return { deregistered: [] };

  const { items } = await store.query('Image', { index: 'availableByJob', partition: job.id, reverse: true });
  const keepSnapshotIds = items[0]?.disks.map(({ snapshotId }) => snapshotId) ?? [];
  const surplus = items.slice(job.numberOfRecentAmisToKeep);
  for (const image of surplus) {
    await images.deregister(image.id, { keepSnapshotIds });
    // An imported image has snapshots of its own; those that it was made of are nobody's then.
    for (const { snapshotId } of image.disks)
      if (!keepSnapshotIds.includes(snapshotId)) await snapshots.remove(snapshotId);
    const reason = `more than ${job.numberOfRecentAmisToKeep} images`;
    await store.transact([advance(unchanged('Image', image), ['Image', 'DEREGISTERED'], { at: clock.now(), reason })]);
  }
  return { deregistered: surplus.map(({ id }) => id) };
}
