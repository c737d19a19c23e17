import { CloudFormationClient, DescribeStacksCommand, ListChangeSetsCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { EventBridgeClient, ListEventBusesCommand, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { AwsAccount } from './aws.ts';

/** Everything in the account that the service might have made, by its kind. */
export async function accountResources({ config }: Pick<AwsAccount, 'config'>): Promise<Record<string, string[]>> {
  const ec2 = new EC2Client(config);
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({}));
  const instances = Reservations.flatMap((reservation) => reservation.Instances ?? []);
  // moto makes a volume for each snapshot that the EBS direct APIs begin, and a snapshot of its own for each image.
  const motos = new Set(Snapshots.map(({ VolumeId }) => VolumeId));
  const ended = new Set(instances.filter(({ State }) => State?.Name === 'terminated').map((one) => one.InstanceId));
  return {
    images: Images.map(({ ImageId }) => ImageId!),
    snapshots: Snapshots.filter(({ Description }) => !/^Auto-created/.test(Description!)).map((one) => one.SnapshotId!),
    volumes: Volumes.filter(({ VolumeId }) => !motos.has(VolumeId)).map(({ VolumeId }) => VolumeId!),
    instances: instances.filter(({ State }) => State?.Name !== 'terminated').map((one) => one.InstanceId!),
    // moto keeps the interface of an instance that has ended, which EC2 removes.
    interfaces: NetworkInterfaces.filter(({ Attachment }) => !ended.has(Attachment?.InstanceId)).map(
      (one) => one.NetworkInterfaceId!,
    ),
    securityGroups: SecurityGroups.map(({ GroupId }) => GroupId!),
    keyPairs: KeyPairs.map(({ KeyName }) => KeyName!),
    ...(await stacks(config)),
    ...(await objects(config)),
    ...(await others(config)),
  };
}

async function stacks(config: AwsAccount['config']) {
  const client = new CloudFormationClient(config);
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
  const standing = Stacks.filter(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
  const changeSets = await Promise.all(
    standing.map(({ StackName }) => client.send(new ListChangeSetsCommand({ StackName }))),
  );
  return {
    stacks: standing.map(({ StackName }) => StackName!),
    changeSets: changeSets.flatMap(({ Summaries = [] }) => Summaries.map(({ ChangeSetName }) => ChangeSetName!)),
  };
}

async function objects(config: AwsAccount['config']) {
  const client = new S3Client({ ...config, forcePathStyle: true });
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  const names = Buckets.map(({ Name }) => Name!);
  const pages = await Promise.all(names.map((Bucket) => client.send(new ListObjectsV2Command({ Bucket }))));
  return {
    buckets: names,
    objects: pages.flatMap(({ Name, Contents = [] }) => Contents.map(({ Key }) => `${Name}/${Key}`)),
  };
}

async function others(config: AwsAccount['config']) {
  const events = new EventBridgeClient(config);
  const { EventBuses = [] } = await events.send(new ListEventBusesCommand({}));
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  const { Aliases = [] } = await new KMSClient(config).send(new ListAliasesCommand({}));
  const { SecretList = [] } = await new SecretsManagerClient(config).send(new ListSecretsCommand({}));
  const { stateMachines = [] } = await new SFNClient(config).send(new ListStateMachinesCommand({}));
  return {
    buses: EventBuses.map(({ Name }) => Name!),
    rules: Rules.map(({ Name }) => Name!),
    keyAliases: Aliases.map(({ AliasName }) => AliasName!),
    secrets: SecretList.map(({ Name }) => Name!),
    stateMachines: stateMachines.map(({ name }) => name!),
  };
}

/** What is in the second listing and not in the first. */
export function added(before: Record<string, string[]>, after: Record<string, string[]>): Record<string, string[]> {
  const news = Object.entries(after).map(
    ([kind, ids]) => [kind, ids.filter((id) => !before[kind]?.includes(id))] as const,
  );
  return Object.fromEntries(news.filter(([, ids]) => ids.length > 0));
}
