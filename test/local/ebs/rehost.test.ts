import {
  CompleteSnapshotCommand,
  EBSClient,
  ListSnapshotBlocksCommand,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Started, start } from '../../support/start.ts';

let started: Started;
beforeEach(async () => {
  started = await start({ servers: [], sources: [] });
});
afterEach(() => started.end());

test('`rehost up` serves snapshots on its one port, to whoever has its key', async () => {
  const { url, accessKey } = started.rehost;
  const config = { endpoint: url, region: 'us-east-1', credentials: accessKey };
  const [ebs, ec2] = [new EBSClient(config), new EC2Client(config)];
  const { SnapshotId } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
  await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 0 }));
  expect(await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }))).toMatchObject({ Blocks: [], VolumeSize: 1 });
  const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({}));
  expect(Snapshots).toMatchObject([{ SnapshotId, State: 'completed' }]);
  ebs.destroy();
  ec2.destroy();
});
