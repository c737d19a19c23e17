import { consistencyOf } from '../../domain/consistency.ts';
import type { Image, ReplicationRun } from '../../domain/entities.ts';
import { finalizerOf } from '../../domain/replication-job.ts';
import { created, unchanged } from '../../domain/transition.ts';
import type { ImageSpec, Services } from '../../ports.ts';
import type { TransferResult } from '../../replication/transfer-server.ts';
import { imageSpec, partitionTableOf } from './image-spec.ts';

/** AWS gave the conversion up. */
export class ImageImportError extends Error {
  override readonly name = 'ImageImportError';
}

/** Makes one image of the run's snapshots. While AWS converts it the answer is `converting`, and the task is to be asked again. */
export async function registerImage(
  { replicationRunId, transfer }: { replicationRunId: string; transfer: TransferResult },
  services: Services,
): Promise<{ amiId?: string; converting?: boolean }> {
  const { store, snapshots, config } = services;
  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!run || !job || run.state !== 'ACTIVE') return {};
  if (run.amiId) return { amiId: run.amiId };

  const table = await partitionTableOf(transfer.disks[0]?.snapshotId, snapshots);
  const spec = imageSpec({ run, job, transfer, table });
  const guest = { startsWindows: table?.startsWindows ?? false, offered: services.images.finalizers() };
  const made =
    finalizerOf(job, config.finalizers, guest) === 'import'
      ? await imported(spec, run, services)
      : await services.images.register(spec);
  const consistency = consistencyOf(transfer);
  const told = consistency ? { ...run, consistency } : run;
  return made ? recordImage(made.imageId, { run: told, spec }, services) : { converting: true };
}

/** Undefined while the conversion goes on. */
async function imported(spec: ImageSpec, run: ReplicationRun, { images, store }: Services) {
  const state = await images.import(spec);
  if (state.status === 'completed') return state;
  if (state.status === 'failed') throw new ImageImportError(`image ${spec.name} was not imported: ${state.reason}`);
  const stageProgress = state.progress ?? '0%';
  await store.transact([
    unchanged('ReplicationRun', { ...run, stage: 'Converting', stageProgress, statusMessage: 'Converting' }),
  ]);
  return undefined;
}

async function recordImage(
  imageId: string,
  { run, spec }: { run: ReplicationRun; spec: ImageSpec },
  { store, clock }: Services,
): Promise<{ amiId: string }> {
  const at = clock.now();
  const image: Image = {
    id: imageId,
    version: 0,
    sequence: 0,
    state: 'AVAILABLE',
    name: spec.name,
    description: spec.description,
    replicationJobId: run.replicationJobId,
    replicationRunId: run.id,
    serverId: run.serverId,
    createdAt: at,
    disks: spec.disks.map(({ snapshotId, sizeGiB }) => ({ snapshotId, sizeGiB })),
    bytes: spec.disks.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  await store.transact([
    created('Image', image, { machines: ['Image'], at }),
    unchanged('ReplicationRun', { ...run, amiId: imageId, stage: 'Preparing', statusMessage: 'Preparing' }),
  ]);
  return { amiId: imageId };
}
