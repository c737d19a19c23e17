import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../clock.ts';
import type { Target } from '../ports.ts';
import { awsClient, type ClientConfig, pathStyle } from './client.ts';
import { cloudFormationStacks } from './cloud-formation-stacks.ts';
import { ebsSnapshots } from './ebs-snapshots.ts';
import { ec2Images } from './ec2-images.ts';
import { ec2Snapshots } from './ec2-snapshots.ts';
import { removeJobSnapshots } from './job-snapshots.ts';
import type { Pace } from './poll.ts';
import { s3Objects } from './s3-objects.ts';
import { ssmCommands } from './ssm-commands.ts';
import { targetSnapshots } from './target-snapshots.ts';
import { WALL_CLOCK } from './wall-clock.ts';

/** The account of an appliance. */
export interface AwsPlace {
  readonly account: string;
  readonly region: string;
}

/** Where the credentials of the environment lead. Fails when there are none, or no region. */
export async function awsPlace(config: ClientConfig): Promise<AwsPlace> {
  const client = awsClient(STSClient, config);
  const { Account } = await client.send(new GetCallerIdentityCommand({}));
  return { account: Account!, region: await client.config.region() };
}

/** Snapshots, images, stacks and their templates in an account. */
export function awsTarget(
  { account, region }: AwsPlace,
  config: ClientConfig = {},
  { pace, clock = WALL_CLOCK }: { pace?: Pace; clock?: Clock } = {},
): Target {
  const inRegion = { ...config, region };
  const ec2 = awsClient(EC2Client, inRegion);
  const images = ec2Images(ec2, pace);
  const openSnapshots = () =>
    ebsSnapshots({ ebs: awsClient(EBSClient, inRegion), ec2: ec2Snapshots(ec2), clock, random: Math.random });
  const kms = awsClient(KMSClient, inRegion);
  return {
    snapshots: targetSnapshots(openSnapshots, kms),
    images,
    stacks: cloudFormationStacks(awsClient(CloudFormationClient, inRegion), {
      account,
      region,
      ...(pace ? { pace } : {}),
    }),
    objects: s3Objects(awsClient(S3Client, pathStyle(inRegion)), region),
    commands: ssmCommands({ ssm: awsClient(SSMClient, inRegion), ec2 }, { region, now: clock.now }),
    removeJobSnapshots: (jobId) => removeJobSnapshots(ec2, jobId, images),
    start: () => {},
    close: async () => {},
  };
}
