import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeImportImageTasksCommand,
  EC2Client,
  ImportImageCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { type ImageImportSpec, imageImports } from '../../lib/aws/image-imports.ts';

// moto has no ImportImage.
const client = new EC2Client({ region: 'us-east-1' });
const ec2 = mockClient(client);
const imports = imageImports(client);
const spec: ImageImportSpec = {
  name: 'app1 sms-run-1',
  description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
  disks: [
    { snapshotId: 'snap-1', sizeGiB: 8 },
    { snapshotId: 'snap-2', sizeGiB: 9 },
  ],
  tags: [{ key: 'SMSJobId', value: 'sms-job-1' }],
  platform: 'Windows',
  licenseType: 'AWS',
};

beforeEach(() => {
  ec2.reset();
  ec2.on(ImportImageCommand).resolves({ ImportTaskId: 'import-ami-1' });
});
const task = (more: object) =>
  ec2.on(DescribeImportImageTasksCommand).resolves({ ImportImageTasks: [{ ImportTaskId: 'import-ami-1', ...more }] });

test('an import is of snapshots, with AWS’s licence, once for its name', async () => {
  expect(await imports.begin(spec)).toEqual({ importTaskId: 'import-ami-1' });
  await imports.begin(spec);
  const [first, second] = ec2.commandCalls(ImportImageCommand).map(({ args }) => args[0].input);
  expect(first).toEqual({
    ClientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
    Architecture: 'x86_64',
    Description: spec.description,
    DiskContainers: [
      { SnapshotId: 'snap-1', DeviceName: '/dev/sda1', Description: 'app1 sms-run-1, disk 0' },
      { SnapshotId: 'snap-2', DeviceName: '/dev/sdb', Description: 'app1 sms-run-1, disk 1' },
    ],
    Platform: 'Windows',
    LicenseType: 'AWS',
    TagSpecifications: [{ ResourceType: 'import-image-task', Tags: [{ Key: 'SMSJobId', Value: 'sms-job-1' }] }],
  });
  expect(second!.ClientToken).toBe(first!.ClientToken);
});

test.each<[Partial<ImageImportSpec>, string]>([
  [{ disks: Array(22).fill(spec.disks[0]) }, 'it has 22 disks, EC2 imports 21 at most'],
  [{ bootMode: 'uefi', licenseType: 'BYOL' }, 'EC2 sets no licence for UEFI guests'],
])('an import that EC2 would refuse is refused before: %#', async (more, why) => {
  await expect(imports.begin({ ...spec, ...more })).rejects.toMatchObject({
    name: 'ImportNotPossibleError',
    message: expect.stringContaining(why),
  });
  const { platform: _, licenseType: __, ...unknown } = spec;
  await expect(imports.begin({ ...unknown, bootMode: 'uefi' })).rejects.toThrow('Linux or Windows');
  expect(ec2.commandCalls(ImportImageCommand)).toEqual([]);
});

test('an import tells how far it is, and why it failed', async () => {
  task({ Status: 'active', StatusMessage: 'converting', Progress: '28' });
  expect(await imports.progress('import-ami-1', spec)).toEqual({
    status: 'IN_PROGRESS',
    percent: 28,
    message: 'converting',
  });
  task({ Status: 'deleted', StatusMessage: 'ClientError: Unsupported kernel version', Progress: '40' });
  expect(await imports.progress('import-ami-1', spec)).toMatchObject({
    status: 'FAILED',
    message: 'import import-ami-1 failed: ClientError: Unsupported kernel version',
  });
  ec2.on(DescribeImportImageTasksCommand).resolves({ ImportImageTasks: [] });
  expect(await imports.progress('import-ami-1', spec)).toMatchObject({ status: 'FAILED' });
});

test('a completed import’s image and snapshots bear the tags by which they are found', async () => {
  task({ Status: 'completed', ImageId: 'ami-9' });
  ec2.on(DescribeImagesCommand).resolves({
    Images: [{ ImageId: 'ami-9', BlockDeviceMappings: [{ Ebs: { SnapshotId: 'snap-7' } }] }] as never[],
  });
  expect(await imports.progress('import-ami-1', spec)).toEqual({ status: 'COMPLETED', percent: 100, imageId: 'ami-9' });
  expect(ec2.commandCalls(CreateTagsCommand)[0]!.args[0].input).toEqual({
    Resources: ['ami-9', 'snap-7'],
    Tags: [
      { Key: 'SMSJobId', Value: 'sms-job-1' },
      { Key: 'Name', Value: 'app1 sms-run-1' },
      { Key: 'rehost:image', Value: 'ami-9' },
    ],
  });
});
