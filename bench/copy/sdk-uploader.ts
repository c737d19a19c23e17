import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CompleteSnapshotCommand, EBSClient, PutSnapshotBlockCommand, StartSnapshotCommand } from '@aws-sdk/client-ebs';
import type { Endpoint } from '../../lib/cli/endpoint.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';

const WORKERS = 16;
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();

/** Copies blocks of a disk into a snapshot as one would with the SDK alone. Answers the snapshot. */
export async function uploadBySdk(
  { url, region, credentials }: Endpoint,
  disk: string,
  blocks: readonly number[],
): Promise<string> {
  const client = new EBSClient({ endpoint: url, region, credentials });
  const file = await open(disk);
  const { SnapshotId } = await client.send(new StartSnapshotCommand({ VolumeSize: 4 }));
  const digests = new Map<number, Buffer>();
  const queue = blocks.values();
  const work = async () => {
    const data = Buffer.alloc(BLOCK_SIZE);
    for (const index of queue) {
      await file.read(data, 0, BLOCK_SIZE, index * BLOCK_SIZE);
      const digest = sha256(data);
      digests.set(index, digest);
      const put = { SnapshotId, BlockIndex: index, BlockData: data, DataLength: BLOCK_SIZE };
      await client.send(
        new PutSnapshotBlockCommand({ ...put, Checksum: digest.toString('base64'), ChecksumAlgorithm: 'SHA256' }),
      );
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  const linear = sha256(Buffer.concat(blocks.map((index) => digests.get(index)!)));
  const checksum = { Checksum: linear.toString('base64'), ChecksumAlgorithm: 'SHA256' as const };
  await client.send(
    new CompleteSnapshotCommand({
      SnapshotId,
      ChangedBlocksCount: blocks.length,
      ...checksum,
      ChecksumAggregationMethod: 'LINEAR',
    }),
  );
  await file.close();
  client.destroy();
  return SnapshotId!;
}
