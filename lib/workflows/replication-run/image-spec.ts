import { CONSISTENCY_TAG, consistencyOf } from '../../domain/consistency.ts';
import type { ReplicationJob, ReplicationRun } from '../../domain/entities.ts';
import { bootModeOf, type PartitionTable, readPartitionTable } from '../../domain/partition-table.ts';
import { deviceName } from '../../domain/template.ts';
import type { ImageDisk, ImageSpec } from '../../ports.ts';
import type { TransferResult } from '../../replication/transfer-server.ts';
import type { Snapshots } from '../../snapshots.ts';
import { imageDescription } from './queue-transfer.ts';

interface Made {
  readonly run: ReplicationRun;
  readonly job: ReplicationJob;
  readonly transfer: TransferResult;
  /** Of its boot disk. */
  readonly table: PartitionTable | undefined;
}

/** The image of a run. Its name has the server's, and is the run's alone, so that a repeat finds it. */
export function imageSpec({ run, job, transfer, table }: Made): ImageSpec {
  const bootMode = transfer.bootMode ?? (table && bootModeOf(table));
  const consistency = consistencyOf(transfer);
  return {
    name: `${job.vmServer.vmName.replaceAll(/[^\w()[\] ./'@-]/g, '-').slice(0, 80)} ${run.id}`,
    description: imageDescription(job.id, run.id),
    architecture: 'x86_64',
    virtualizationType: 'hvm',
    ...(bootMode === undefined ? {} : { bootMode }),
    ...(table?.hasEfiSystemPartition ? { platform: platformOf(table) } : {}),
    enaSupport: true,
    rootDeviceName: deviceName(0),
    disks: transfer.disks.map(imageDisk),
    tags: [
      { key: 'SMSJobId', value: job.id },
      { key: 'Name', value: job.vmServer.vmName },
      { key: 'rehost:replicationRunId', value: run.id },
      { key: 'rehost:serverId', value: job.serverId },
      ...(consistency ? [{ key: CONSISTENCY_TAG, value: consistency }] : []),
    ],
    ...(job.licenseType === undefined ? {} : { licenseType: job.licenseType }),
  };
}

/** No volume goes with its instance: what was migrated outlives a mistake. Source: SMS's user guide, for the root volume. */
const imageDisk = ({ snapshotId, sizeGiB, bytes }: TransferResult['disks'][number], position: number): ImageDisk => ({
  deviceName: deviceName(position),
  snapshotId,
  sizeGiB,
  bytes,
  deleteOnTermination: false,
});

const platformOf = ({ startsWindows }: PartitionTable) => (startsWindows ? 'Windows' : 'Linux');

/** The partition table of a disk. All of it is in the first block, which is absent when it is zero. */
export async function partitionTableOf(
  id: string | undefined,
  snapshots: Snapshots,
): Promise<PartitionTable | undefined> {
  if (id === undefined) return undefined;
  for await (const { index, token } of snapshots.list(id))
    return index === 0 ? readPartitionTable((await snapshots.read(id, index, token)).data) : undefined;
  return undefined;
}
