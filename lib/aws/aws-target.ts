import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Target } from '../ports.ts';
import { awsClient, type ClientConfig } from './client.ts';
import { cloudFormationStacks } from './cloud-formation-stacks.ts';
import { ec2Images } from './ec2-images.ts';
import { removeJobSnapshots } from './job-snapshots.ts';
import { plainEbsSnapshots } from './plain-ebs-snapshots.ts';
import type { Pace } from './poll.ts';
import { s3Objects } from './s3-objects.ts';
import { targetSnapshots } from './target-snapshots.ts';

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
  { pace }: { pace?: Pace } = {},
): Target {
  const inRegion = { ...config, region };
  const ec2 = awsClient(EC2Client, inRegion);
  const images = ec2Images(ec2, pace);
  const kms = awsClient(KMSClient, inRegion);
  return {
    snapshots: targetSnapshots(
      async () => plainEbsSnapshots({ ebs: awsClient(EBSClient, ebsConfig(inRegion)), ec2 }),
      kms,
    ),
    images,
    stacks: cloudFormationStacks(awsClient(CloudFormationClient, inRegion), {
      account,
      region,
      ...(pace ? { pace } : {}),
    }),
    objects: s3Objects(awsClient(S3Client, pathStyle(inRegion)), region),
    removeJobSnapshots: (jobId) => removeJobSnapshots(ec2, jobId, images),
    start: () => {},
    close: async () => {},
  };
}

/** Blocks are put beside the client, which learns of an endpoint in the environment with its first call only. */
function ebsConfig(config: ClientConfig): ClientConfig {
  const endpoint = config.endpoint ?? process.env.AWS_ENDPOINT_URL_EBS ?? process.env.AWS_ENDPOINT_URL;
  return endpoint ? { ...config, endpoint } : config;
}

/** Another endpoint than AWS's own is reached by one name, which no bucket stands before. */
const pathStyle = (config: ClientConfig): ClientConfig & { forcePathStyle: boolean } => ({
  ...config,
  forcePathStyle: Boolean(config.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
});
