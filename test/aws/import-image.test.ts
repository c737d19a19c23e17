import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeImportImageTasksCommand,
  EC2Client,
  ImportImageCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { ec2Images } from '../../lib/aws/ec2-images.ts';
import type { ImageSpec } from '../../lib/ports.ts';
import { HARDWARE, imageDisk } from '../support/image-spec.ts';

// moto has no ImportImage.
const client = new EC2Client({ region: 'us-east-1' });
const ec2 = mockClient(client);
const images = ec2Images(client);
const spec: ImageSpec = {
  ...HARDWARE,
  name: 'app1 sms-run-1',
  description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
  disks: [imageDisk(0, { snapshotId: 'snap-1', sizeGiB: 8 }), imageDisk(1, { snapshotId: 'snap-2', sizeGiB: 9 })],
  tags: [{ key: 'SMSJobId', value: 'sms-job-1' }],
  licenseType: 'AWS',
};
const TAGS = [
  { Key: 'SMSJobId', Value: 'sms-job-1' },
  { Key: 'rehost:image-name', Value: 'app1 sms-run-1' },
];

beforeEach(() => {
  ec2.reset();
  ec2.on(DescribeImportImageTasksCommand).resolves({ ImportImageTasks: [] });
  ec2.on(ImportImageCommand).resolves({ ImportTaskId: 'import-ami-1' });
});
const task = (more: object) =>
  ec2.on(DescribeImportImageTasksCommand).resolves({
    ImportImageTasks: [
      { ImportTaskId: 'import-ami-0', Tags: [{ Key: 'rehost:image-name', Value: 'another' }] },
      { ImportTaskId: 'import-ami-1', Tags: TAGS, ...more },
    ],
  });

test('an import is of snapshots, with AWS’s licence, and begun once', async () => {
  expect(await images.import(spec)).toEqual({ status: 'active' });
  await images.import(spec);
  const [first, second] = ec2.commandCalls(ImportImageCommand).map(({ args }) => args[0].input);
  expect(first).toEqual({
    ClientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
    Architecture: 'x86_64',
    Description: spec.description,
    DiskContainers: [
      { SnapshotId: 'snap-1', DeviceName: '/dev/sda1', Description: 'app1 sms-run-1, disk 0' },
      { SnapshotId: 'snap-2', DeviceName: '/dev/sdb', Description: 'app1 sms-run-1, disk 1' },
    ],
    LicenseType: 'AWS',
    TagSpecifications: [{ ResourceType: 'import-image-task', Tags: TAGS }],
  });
  expect(second!.ClientToken).toBe(first!.ClientToken);
  task({ Status: 'active' });
  await images.import(spec);
  expect(ec2.commandCalls(ImportImageCommand)).toHaveLength(2);
});

test('a guest that starts by UEFI is told to be Windows or Linux', async () => {
  const { licenseType: _, ...unlicensed } = spec;
  await images.import({ ...unlicensed, bootMode: 'uefi', platform: 'Linux' });
  const { BootMode, Platform } = ec2.commandCalls(ImportImageCommand)[0]!.args[0].input;
  expect([BootMode, Platform]).toEqual(['uefi', 'Linux']);
});

test.each<[Partial<ImageSpec>, string]>([
  [{ disks: Array(22).fill(spec.disks[0]) }, 'it has 22 disks, EC2 imports 21 at most'],
  [{ bootMode: 'uefi', licenseType: 'BYOL' }, 'EC2 sets no licence for guests that start by UEFI'],
])('an import that EC2 would refuse is refused before: %#', async (more, why) => {
  expect(await images.import({ ...spec, ...more })).toEqual({
    status: 'failed',
    reason: expect.stringContaining(why),
  });
  expect(ec2.commandCalls(ImportImageCommand)).toEqual([]);
});

test('an import tells how far it is, and why it failed', async () => {
  task({ Status: 'active', StatusMessage: 'converting', Progress: '28' });
  expect(await images.import(spec)).toEqual({ status: 'active', progress: '28%' });
  task({ Status: 'deleted', StatusMessage: 'ClientError: Unsupported kernel version', Progress: '40' });
  expect(await images.import(spec)).toEqual({
    status: 'failed',
    reason: 'import import-ami-1 ended: ClientError: Unsupported kernel version',
  });
});

test('a completed import’s image and snapshots bear the tags by which they are found', async () => {
  task({ Status: 'completed', ImageId: 'ami-9' });
  ec2.on(DescribeImagesCommand).resolves({
    Images: [{ ImageId: 'ami-9', BlockDeviceMappings: [{ Ebs: { SnapshotId: 'snap-7' } }] }] as never[],
  });
  expect(await images.import(spec)).toEqual({ status: 'completed', imageId: 'ami-9' });
  expect(ec2.commandCalls(CreateTagsCommand)[0]!.args[0].input).toEqual({
    Resources: ['ami-9', 'snap-7'],
    Tags: [
      { Key: 'SMSJobId', Value: 'sms-job-1' },
      { Key: 'Name', Value: 'app1 sms-run-1' },
      { Key: 'rehost:image', Value: 'ami-9' },
    ],
  });
});
