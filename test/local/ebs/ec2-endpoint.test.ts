import { DeleteSnapshotCommand, DescribeImagesCommand, DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Bed, IMAGE_OF_TAKEN, KEY, made, openBed, start } from './bed.ts';

let bed: Bed;
let ec2: EC2Client;
beforeEach(async () => {
  bed = await openBed();
  ec2 = new EC2Client({ endpoint: bed.url, region: 'us-east-1', credentials: KEY, maxAttempts: 1 });
});
afterEach(() => {
  ec2.destroy();
  return bed.close();
});

test('describes snapshots: their state, size, tags and encryption', async () => {
  const done = await made(bed, { 0: 'a' }, { Description: 'a < b', Tags: [{ Key: 'run & job', Value: '"1"' }] });
  const { SnapshotId: open = '' } = await start(bed, { VolumeSize: 2, Encrypted: true });
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [done, open] }));
  expect(Snapshots).toMatchObject([
    {
      SnapshotId: done,
      State: 'completed',
      Progress: '100%',
      VolumeSize: 1,
      Description: 'a < b',
      Encrypted: false,
      OwnerId: '000000000000',
      StartTime: new Date(bed.clock.now()),
      Tags: [{ Key: 'run & job', Value: '"1"' }],
    },
    { SnapshotId: open, State: 'pending', VolumeSize: 2, Encrypted: true, Tags: [] },
  ]);
  await bed.clock.advance(61 * 60_000);
  const { Snapshots: later = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [open] }));
  expect(later.map(({ State }) => State)).toEqual(['error']);
});

test('finds snapshots by tag and by state', async () => {
  const mine = await made(bed, {}, { Tags: [{ Key: 'job', Value: '1' }] });
  await made(bed, {}, { Tags: [{ Key: 'job', Value: '2' }] });
  await start(bed, { Tags: [{ Key: 'job', Value: '1' }] });
  const Filters = [
    { Name: 'tag:job', Values: ['1'] },
    { Name: 'status', Values: ['completed'] },
  ];
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ Filters }));
  expect(Snapshots.map(({ SnapshotId }) => SnapshotId)).toEqual([mine]);
});

test('deletes a snapshot; children keep what they inherited, and an image keeps its snapshot', async () => {
  const parent = await made(bed, { 0: 'a' });
  const child = await made(bed, { 1: 'b' }, { ParentSnapshotId: parent });
  await ec2.send(new DeleteSnapshotCommand({ SnapshotId: parent }));
  expect(await bed.snapshots.state(parent)).toBeUndefined();
  expect(bed.snapshots.storedBytes()).toBe(2 * 524_288);
  bed.taken.add(child);
  await expect(ec2.send(new DeleteSnapshotCommand({ SnapshotId: child }))).rejects.toMatchObject({
    name: 'InvalidSnapshot.InUse',
    message: expect.stringContaining(IMAGE_OF_TAKEN),
  });
});

test('fails by name where there is nothing, and for what is not served', async () => {
  const gone = { SnapshotId: 'snap-0123' };
  const notFound = { name: 'InvalidSnapshot.NotFound', message: "The snapshot 'snap-0123' does not exist." };
  await expect(ec2.send(new DeleteSnapshotCommand(gone))).rejects.toMatchObject(notFound);
  await expect(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: ['snap-0123'] }))).rejects.toMatchObject(notFound);
  await expect(ec2.send(new DescribeImagesCommand({}))).rejects.toMatchObject({ name: 'InvalidAction' });
  await expect(ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5 }))).rejects.toMatchObject({
    name: 'UnknownParameter',
    message: 'MaxResults is not read here; leave it out',
  });
});

test('is closed to those who do not sign', async () => {
  const stranger = new EC2Client({
    endpoint: bed.url,
    region: 'us-east-1',
    credentials: { ...KEY, secretAccessKey: 'guessed' },
    maxAttempts: 1,
  });
  await expect(stranger.send(new DescribeSnapshotsCommand({}))).rejects.toMatchObject({ name: 'AuthFailure' });
  stranger.destroy();
});
