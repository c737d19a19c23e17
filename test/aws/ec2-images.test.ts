import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  RegisterImageCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { ec2Images } from '../../lib/aws/ec2-images.ts';
import type { ImageSpec } from '../../lib/ports.ts';
import { HARDWARE, imageDisk } from '../support/image-spec.ts';

// moto ignores what RegisterImage says of disks, architecture and tags, knows no pending images or snapshots, and lets a name be taken twice.
const client = new EC2Client({ region: 'us-east-1' });
const ec2 = mockClient(client);
const images = ec2Images(client, { first: 1, longest: 1, total: 10 });
const spec: ImageSpec = {
  ...HARDWARE,
  bootMode: 'uefi',
  name: 'db1 sms-run-1',
  description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
  disks: [imageDisk(0, { snapshotId: 'snap-1', sizeGiB: 8 }), imageDisk(1, { snapshotId: 'snap-2', sizeGiB: 100 })],
  tags: [{ key: 'SMSJobId', value: 'sms-job-1' }],
};
const failure = (name: string) => Object.assign(new Error(name), { name });
const image = (State: string, more: object = {}) => ({ Images: [{ ImageId: 'ami-1', State, ...more }] as never[] });

beforeEach(() => {
  ec2.reset();
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [{ State: 'completed', SnapshotId: 'snap-1' }] });
  ec2.on(DescribeSnapshotsCommand, { OwnerIds: ['self'] }).resolves({ Snapshots: [] });
  ec2.on(DescribeImagesCommand).resolves({ Images: [] });
  ec2.on(DescribeImagesCommand, { ImageIds: ['ami-1'] }).resolves(image('available'));
  ec2.on(RegisterImageCommand).resolves({ ImageId: 'ami-1' });
});

describe('registering an image', () => {
  test('says everything that EC2 would otherwise take for an old guest', async () => {
    await images.register(spec);
    expect(ec2.commandCalls(RegisterImageCommand)[0]!.args[0].input).toEqual({
      Name: 'db1 sms-run-1',
      Description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
      Architecture: 'x86_64',
      VirtualizationType: 'hvm',
      BootMode: 'uefi',
      EnaSupport: true,
      RootDeviceName: '/dev/sda1',
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/sda1',
          Ebs: { SnapshotId: 'snap-1', VolumeSize: 8, VolumeType: 'gp3', DeleteOnTermination: false },
        },
        {
          DeviceName: '/dev/sdb',
          Ebs: { SnapshotId: 'snap-2', VolumeSize: 100, VolumeType: 'gp3', DeleteOnTermination: false },
        },
      ],
      TagSpecifications: [{ ResourceType: 'image', Tags: [{ Key: 'SMSJobId', Value: 'sms-job-1' }] }],
    });
    expect(ec2.commandCalls(CreateTagsCommand)[0]!.args[0].input).toEqual({
      Resources: ['snap-1', 'snap-2'],
      Tags: [{ Key: 'rehost:image', Value: 'ami-1' }],
    });
  });

  test('says of the image and of its snapshots whether they are consistent, where that is known', async () => {
    const consistency = { key: 'rehost:consistency', value: 'quiesced' };
    await images.register({ ...spec, tags: [...spec.tags, consistency] });
    const Tags = expect.arrayContaining([{ Key: 'rehost:consistency', Value: 'quiesced' }]);
    expect(ec2.commandCalls(RegisterImageCommand)[0]!.args[0].input.TagSpecifications![0]).toMatchObject({ Tags });
    expect(ec2.commandCalls(CreateTagsCommand)[0]!.args[0].input).toMatchObject({ Tags });
  });

  test('waits until it is available, and fails by name when it never will be', async () => {
    const look = ec2.on(DescribeImagesCommand, { ImageIds: ['ami-1'] });
    look.resolvesOnce({ Images: [] }).resolvesOnce(image('pending')).resolves(image('available'));
    expect(await images.register(spec)).toEqual({ imageId: 'ami-1' });
    look.resolves(image('failed', { StateReason: { Message: 'the snapshot is broken' } }));
    await expect(images.register(spec)).rejects.toMatchObject({
      name: 'ImageFailedError',
      message: 'image ami-1 is failed: the snapshot is broken',
    });
  });

  test('finds the image again that a former call registered, seen or not', async () => {
    const own = image('available', {
      BlockDeviceMappings: spec.disks.map(({ snapshotId: SnapshotId }) => ({ Ebs: { SnapshotId } })),
    });
    ec2.on(RegisterImageCommand).rejects(failure('InvalidAMIName.Duplicate'));
    ec2
      .on(DescribeImagesCommand, { Owners: ['self'] })
      .resolvesOnce({ Images: [] })
      .resolves(own);
    expect(await images.register(spec)).toEqual({ imageId: 'ami-1' });
    ec2.on(DescribeImagesCommand, { Owners: ['self'] }).resolves({ Images: [] });
    await expect(images.register(spec)).rejects.toMatchObject({ name: 'TransientError' });
  });

  test('is refused while a snapshot is pending', async () => {
    ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [{ State: 'pending' }] });
    await expect(images.register(spec)).rejects.toMatchObject({
      name: 'SnapshotNotReadyError',
      message: 'snapshot snap-1 is pending; an image needs completed snapshots',
    });
  });
});

describe('deregistering an image', () => {
  test('deletes what is left of its snapshots when a former call got half way', async () => {
    ec2.on(DescribeImagesCommand, { ImageIds: ['ami-1'] }).rejects(failure('InvalidAMIID.Unavailable'));
    ec2.on(DescribeSnapshotsCommand, { OwnerIds: ['self'] }).resolves({ Snapshots: [{ SnapshotId: 'snap-2' }] });
    await images.deregister('ami-1', { keepSnapshotIds: [] });
    expect(ec2.commandCalls(DeregisterImageCommand)).toEqual([]);
    expect(ec2.commandCalls(DeleteSnapshotCommand).map(({ args }) => args[0].input.SnapshotId)).toEqual(['snap-2']);
  });

  test('leaves a snapshot that another image has as well', async () => {
    const own = image('available', { BlockDeviceMappings: [{ Ebs: { SnapshotId: 'snap-1' } }] });
    ec2.on(DescribeImagesCommand, { ImageIds: ['ami-1'] }).resolves(own);
    ec2.on(DeleteSnapshotCommand).rejects(failure('InvalidSnapshot.InUse'));
    await images.deregister('ami-1', { keepSnapshotIds: [] });
    expect(ec2.commandCalls(DeregisterImageCommand)).toHaveLength(1);
  });

  test('fails when EC2 does, so that it is done again', async () => {
    ec2.on(DeregisterImageCommand).rejects(failure('UnauthorizedOperation'));
    await expect(images.deregister('ami-1', { keepSnapshotIds: [] })).rejects.toThrow('UnauthorizedOperation');
  });
});
