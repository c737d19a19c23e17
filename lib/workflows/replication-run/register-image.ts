import type { Image } from '../../domain/entities.ts';
import { created, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import type { TransferResult } from '../../replication/transfer-server.ts';
import { imageDescription } from './queue-transfer.ts';

/** Makes one image of the run's snapshots. Its name has the server's, and is the run's alone, so that a repeat finds it. */
export async function registerImage(
  { replicationRunId, transfer }: { replicationRunId: string; transfer: TransferResult },
  { store, images, clock }: Services,
): Promise<{ amiId?: string }> {
  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!run || !job || run.state !== 'ACTIVE') return {};
  if (run.amiId) return { amiId: run.amiId };

  const name = `${job.vmServer.vmName.replaceAll(/[^\w()[\] ./'@-]/g, '-').slice(0, 80)} ${run.id}`;
  const description = imageDescription(job.id, run.id);
  const { imageId } = await images.register({
    name,
    description,
    disks: transfer.disks.map(({ snapshotId, sizeGiB }) => ({ snapshotId, sizeGiB })),
    tags: [{ key: 'SMSJobId', value: job.id }],
  });
  const at = clock.now();
  const image: Image = {
    id: imageId,
    version: 0,
    sequence: 0,
    state: 'AVAILABLE',
    name,
    description,
    replicationJobId: job.id,
    replicationRunId: run.id,
    serverId: run.serverId,
    createdAt: at,
    snapshotIds: transfer.disks.map(({ snapshotId }) => snapshotId),
    bytes: transfer.disks.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  await store.transact([
    created('Image', image, { machines: ['Image'], at }),
    unchanged('ReplicationRun', { ...run, amiId: imageId, stage: 'Preparing', statusMessage: 'Preparing' }),
  ]);
  return { amiId: imageId };
}
