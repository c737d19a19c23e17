import { createHash } from 'node:crypto';
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DescribeSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import type { AwsAccount } from './aws.ts';

/** A completed snapshot of 1 GiB with one block, by the plain client. */
export async function ebsSnapshot({ config }: AwsAccount): Promise<string> {
  const client = new EBSClient(config);
  const { SnapshotId } = await client.send(new StartSnapshotCommand({ VolumeSize: 1, Description: 'contract' }));
  const data = Buffer.alloc(BLOCK_SIZE, 'contract');
  const sha256 = createHash('sha256').update(data).digest('base64');
  await client.send(
    new PutSnapshotBlockCommand({
      SnapshotId,
      BlockIndex: 0,
      BlockData: data,
      DataLength: BLOCK_SIZE,
      Checksum: sha256,
      ChecksumAlgorithm: 'SHA256',
    }),
  );
  await client.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 1 }));
  client.destroy();
  return SnapshotId!;
}

export async function snapshotState(ec2: EC2Client, snapshotId: string): Promise<string | undefined> {
  try {
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }));
    return Snapshots[0]?.State;
  } catch (error) {
    if ((error as Error).name === 'InvalidSnapshot.NotFound') return undefined;
    throw error;
  }
}

/** The blocks that stand in the snapshot, by their index, read by the plain client. */
export async function blocksOfSnapshot({ config }: AwsAccount, SnapshotId: string): Promise<Map<number, Buffer>> {
  const client = new EBSClient(config);
  const { Blocks = [] } = await client.send(new ListSnapshotBlocksCommand({ SnapshotId, MaxResults: 10_000 }));
  const blocks = new Map<number, Buffer>();
  for (const { BlockIndex, BlockToken } of Blocks) {
    const { BlockData } = await client.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
    blocks.set(Number(BlockIndex), Buffer.from(await BlockData!.transformToByteArray()));
  }
  client.destroy();
  return blocks;
}
