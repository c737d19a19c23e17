import {
  CompleteSnapshotCommand,
  type EBSClient,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { BLOCK_SIZE, type Snapshots } from '../snapshots.ts';
import { unlessGone } from './unless-gone.ts';

const SHA256 = 'SHA256';

/** Snapshots by the EBS direct APIs as the SDK offers them: no pacing, nothing in flight but what the caller sends. */
export function plainEbsSnapshots({ ebs, ec2 }: { ebs: EBSClient; ec2: EC2Client }): Snapshots {
  return {
    async start({ sizeGiB, parent, token, kmsKeyArn, tags, description, timeoutMinutes }) {
      const { SnapshotId } = await ebs.send(
        new StartSnapshotCommand({
          VolumeSize: sizeGiB,
          ClientToken: token,
          Timeout: timeoutMinutes,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          ...(description ? { Description: description } : {}),
          ...(parent ? { ParentSnapshotId: parent } : {}),
          ...(kmsKeyArn ? { Encrypted: true, KmsKeyArn: kmsKeyArn } : {}),
        }),
      );
      return { id: SnapshotId!, blockSize: BLOCK_SIZE };
    },
    async put(SnapshotId, BlockIndex, BlockData, sha256) {
      const Checksum = sha256.toString('base64');
      const block = {
        SnapshotId,
        BlockIndex,
        BlockData,
        DataLength: BLOCK_SIZE,
        Checksum,
        ChecksumAlgorithm: SHA256,
      } as const;
      await ebs.send(new PutSnapshotBlockCommand(block));
    },
    async complete(SnapshotId, { written, linear }) {
      const checksum = {
        Checksum: linear.toString('base64'),
        ChecksumAlgorithm: SHA256,
        ChecksumAggregationMethod: 'LINEAR',
      } as const;
      await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: written, ...checksum }));
    },
    async state(id) {
      const answer = await unlessGone(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] })));
      const state = answer?.Snapshots?.[0]?.State;
      return state === 'pending' || state === 'completed' || state === undefined ? state : 'error';
    },
    async *list(SnapshotId) {
      for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
        const page = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId, NextToken }));
        const blocks = (page.Blocks ?? []).map((block) => ({
          index: block.BlockIndex!,
          token: block.BlockToken!,
        }));
        yield* blocks;
        NextToken = page.NextToken;
      }
    },
    async *changed(FirstSnapshotId, SecondSnapshotId) {
      for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
        const page = await ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId, SecondSnapshotId, NextToken }));
        for (const { BlockIndex } of page.ChangedBlocks ?? []) yield { index: BlockIndex! };
        NextToken = page.NextToken;
      }
    },
    async read(SnapshotId, BlockIndex, BlockToken) {
      const answer = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
      const data = Buffer.from(await answer.BlockData!.transformToByteArray());
      return { data, sha256: Buffer.from(answer.Checksum!, 'base64') };
    },
    async remove(SnapshotId) {
      await unlessGone(ec2.send(new DeleteSnapshotCommand({ SnapshotId })));
    },
  };
}
