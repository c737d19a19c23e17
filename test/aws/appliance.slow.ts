import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DeleteAppCommand,
  GetAppCommand,
  GetReplicationJobsCommand,
  ListAppsCommand,
  TerminateAppCommand,
} from '@aws-sdk/client-sms';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { cloudFormationStacks } from '../../lib/aws/cloud-formation-stacks.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { makeShopDisks } from '../../scripts/make-shop-disks.ts';
import { accountResources, added } from '../support/account-resources.ts';
import { type AwsAccount, describeOnMoto, openAws } from '../support/aws.ts';
import { blocksOfSnapshot } from '../support/ebs.ts';
import { type Running, rehost, up } from '../support/process.ts';
import { until } from '../support/start.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'shop', 'migration.yaml');

/** The example application, migrated by `rehost up --target aws` into an account. The tests build on each other. */
describeOnMoto('the appliance', () => {
  let folder: string;
  let account: AwsAccount;
  let running: Running;
  let before: Record<string, string[]>;
  let ec2: EC2Client;
  let appId: string;
  let replaced: Record<string, string[]>;
  const environment = () => ({
    AWS_ENDPOINT_URL: account.config.endpoint,
    AWS_ACCESS_KEY_ID: account.config.credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: account.config.credentials!.secretAccessKey,
    AWS_REGION: account.config.region,
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    await makeShopDisks(join(folder, 'datacenter'));
    account = await openAws();
    ec2 = new EC2Client(account.config);
    before = await accountResources(account);
    running = await up(
      ['--data', join(folder, 'data'), '--source', `images:${join(folder, 'datacenter')}`, '--target', 'aws'],
      environment(),
    );
  }, 60_000);
  afterAll(async () => {
    await running?.kill();
    await account?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The example's file, with the network of this account. */
  async function migrationFile(): Promise<string> {
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    const plan = parse(readFileSync(EXAMPLE, 'utf8')) as { launch: object; sources?: unknown };
    const { SubnetId, VpcId } = Subnets![0]!;
    const launch = { ...plan.launch, vpc: VpcId, subnet: SubnetId, securityGroup: SecurityGroups![0]!.GroupId };
    const replication = { frequency: 24, numberOfRecentAmisToKeep: 1 };
    const file = join(folder, 'migration.yaml');
    writeFileSync(file, stringify({ ...plan, sources: undefined, launch, replication }));
    return file;
  }

  async function migrateShop() {
    const { url, credentials, region } = running.endpoint;
    return rehost(['migrate', await migrationFile()], {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
    });
  }

  const stack = () => {
    const place = { account: '123456789012', region: account.config.region };
    return cloudFormationStacks(new CloudFormationClient(account.config), place).describe(`sms-${appId}`);
  };
  const instances = async () =>
    (await stack())!.resources.filter(({ type }) => type === 'AWS::EC2::Instance').map(({ physicalId }) => physicalId!);

  test('migrates the example application', async () => {
    const { status, stdout, stderr } = await migrateShop();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Application shop is migrated.');
    const { apps = [] } = await running.endpoint.sms.send(new ListAppsCommand({}));
    appId = apps[0]!.appId!;
  }, 60_000);

  test('made an image of each server, from snapshots that hold its disks', async () => {
    const { replicationJobList = [] } = await running.endpoint.sms.send(new GetReplicationJobsCommand({}));
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
    expect(Images.map(({ ImageId }) => ImageId).sort()).toEqual(
      replicationJobList.map((job) => job.latestAmiId).sort(),
    );
    for (const { replicationJobId, vmServer, latestAmiId } of replicationJobList) {
      const image = Images.find(({ ImageId }) => ImageId === latestAmiId)!;
      expect(image.Name).toMatch(new RegExp(`^${vmServer!.vmName} sms-run-`));
      expect(image.Description).toMatch(
        new RegExp(`^SMS ReplicationJobId = ${replicationJobId} ReplicationRunId = sms-run-`),
      );
    }
    const db1 = replicationJobList.find(({ vmServer }) => vmServer!.vmName === 'db1')!;
    const { Snapshots = [] } = await ec2.send(
      new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag:SMSJobId', Values: [db1.replicationJobId!] }] }),
    );
    expect(Snapshots.map(({ Tags }) => Tags!.find(({ Key }) => Key === 'rehost:image')!.Value)).toEqual([
      db1.latestAmiId,
      db1.latestAmiId,
    ]);
    const disks = ['disk0-system.img', 'disk1-data.img'].map((name) =>
      readFileSync(join(folder, 'datacenter', 'db1', name)),
    );
    const sums = Snapshots.map(async ({ SnapshotId }) => blocksOfSnapshot(account, SnapshotId!));
    for (const blocks of await Promise.all(sums)) {
      const disk = disks.find((one) => [...blocks].every(([index, data]) => data.equals(blockOf(one, index))))!;
      expect(disk).toBeDefined();
      const zeros = Array.from({ length: disk.length / BLOCK_SIZE }, (_, index) => index).filter(
        (index) => !blocks.has(index),
      );
      expect(zeros.filter((index) => !blockOf(disk, index).equals(Buffer.alloc(BLOCK_SIZE)))).toEqual([]);
    }
  });

  test('put the template into the bucket, and launched it tier by tier', async () => {
    const { appSummary } = await running.endpoint.sms.send(new GetAppCommand({ appId }));
    const { stackName } = appSummary!.launchDetails!;
    expect([appSummary!.launchStatus, stackName]).toEqual(['LAUNCHED', `sms-${appId}`]);
    expect((await stack())!.status).toBe('CREATE_COMPLETE');

    const objects = added(before, await accountResources(account)).objects!;
    const bucket = `sms-app-123456789012-${account.config.region}`;
    expect(objects).toContain(`${bucket}/${appId}/launch-1.json`);
    const s3 = new S3Client({ ...account.config, forcePathStyle: true });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${appId}/launch-1.json` }));
    const { Resources } = JSON.parse(await Body!.transformToString()) as {
      Resources: Record<string, { Type: string; DependsOn?: string[] }>;
    };
    const launched = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::EC2::Instance');
    const [[db]] = launched as [[string, object]];
    expect(launched.map(([, { DependsOn }]) => DependsOn)).toEqual([undefined, [db], [db]]);

    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const types = Reservations.flatMap(({ Instances = [] }) => Instances).map(({ Tags, InstanceType, State }) => [
      Tags!.find(({ Key }) => Key === 'Name')!.Value,
      InstanceType,
      State!.Name,
    ]);
    expect(types.sort()).toEqual([
      ['db1', 'r6i.large', 'running'],
      ['web1', 't3.medium', 'running'],
      ['web2', 't3.medium', 'running'],
    ]);
  });

  test('migrates again what has changed: increments, new images, the stack updated, former images gone', async () => {
    const former = await instances();
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({}));
    replaced = { ...(await accountResources(account)), volumes: Volumes!.map(({ VolumeId }) => VolumeId!) };
    const { images } = replaced;
    const disk = openSync(join(folder, 'datacenter', 'web1', 'disk0-system.img'), 'r+');
    writeSync(disk, 'changed', 5 * BLOCK_SIZE);
    closeSync(disk);
    const puts = () => account.proxy!.calls.filter(({ operation }) => operation.startsWith('PUT /snapshots')).length;
    const before = puts();
    expect(await migrateShop()).toMatchObject({ status: 0, stderr: '' });
    expect(puts() - before).toBe(1);

    expect((await stack())!.status).toBe('UPDATE_COMPLETE');
    expect((await instances()).filter((id) => former.includes(id))).toEqual([]);
    const now = await accountResources(account);
    expect([now.images!.length, now.images!.filter((id) => images!.includes(id))]).toEqual([3, []]);
    // The change set that was executed goes with its stack.
    expect([now.snapshots!.length, now.changeSets]).toEqual([4, [`${appId}-launch-2`]]);
  }, 60_000);

  test('leaves nothing behind but the images, when the application is terminated and deleted', async () => {
    const app = async () => (await running.endpoint.sms.send(new GetAppCommand({ appId }))).appSummary!;
    await running.endpoint.sms.send(new TerminateAppCommand({ appId }));
    await until(app, ({ launchStatus }) => launchStatus === 'TERMINATED');
    expect((await accountResources(account)).stacks).toEqual([]);
    await running.endpoint.sms.send(new DeleteAppCommand({ appId, forceStopAppReplication: true }));
    await until(app, ({ status }) => status === 'DELETED');
    // moto goes on running the instances that an update has replaced, and keeps the volumes that it made for snapshots which are gone.
    const { instances = [], volumes = [], interfaces = [] } = replaced;
    const known = { ...before, instances, volumes, interfaces };
    const left = added(known, await accountResources(account));
    expect(Object.keys(left).sort()).toEqual(['buckets', 'images', 'snapshots']);
    expect([left.buckets, left.images!.length, left.snapshots!.length]).toEqual([
      [`sms-app-123456789012-${account.config.region}`],
      3,
      4,
    ]);
  }, 60_000);
});

/** A block of the disk, filled up with zeros at its end. */
function blockOf(disk: Buffer, index: number): Buffer {
  const block = Buffer.alloc(BLOCK_SIZE);
  disk.copy(block, 0, index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE);
  return block;
}
