import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { askedConnectors } from '../api/connectors/questions.ts';
import type { BlockAccess } from '../api/connectors/services.ts';
import { newId } from '../new-id.ts';
import { awsClient, pathStyle } from './client.ts';
import { cloudFormationStacks } from './cloud-formation-stacks.ts';
import { DynamoStore } from './dynamo-store.ts';
import { ebsSnapshots } from './ebs-snapshots.ts';
import { ec2Images } from './ec2-images.ts';
import { ec2Snapshots } from './ec2-snapshots.ts';
import { removeJobSnapshots } from './job-snapshots.ts';
import { keyArn } from './key-arn.ts';
import { partitionOf } from './partition.ts';
import { POLLING_BELL } from './polling-bell.ts';
import { s3Objects } from './s3-objects.ts';
import { secretsManagerSecret } from './secrets-manager-secret.ts';
import { CLOCK, type Environment, variable } from './services.ts';
import { sessionBlockAccess } from './session-block-access.ts';
import { ssmCommands } from './ssm-commands.ts';
import { stepFunctionsWorkflows } from './step-functions-workflows.ts';
import { WALL_CLOCK } from './wall-clock.ts';

/** The ports of the functions, each made when a function's file names it: what no file of a function names is not in its bundle. */

export const workflows = ({ region, account }: Environment) =>
  stepFunctionsWorkflows(awsClient(SFNClient), `arn:${partitionOf(region)}:states:${region}:${account}`);

export const objects = ({ region }: Environment) => s3Objects(awsClient(S3Client, pathStyle({ region })), region);

export const images = () => ec2Images(awsClient(EC2Client));

export const snapshots = () =>
  ebsSnapshots({
    ebs: awsClient(EBSClient),
    ec2: ec2Snapshots(awsClient(EC2Client)),
    clock: WALL_CLOCK,
    random: Math.random,
  });

/** `LAUNCH_ROLE` names the role with which CloudFormation makes the stacks of applications that name none. */
export const stacks = ({ region, account, env: { LAUNCH_ROLE } }: Environment) =>
  cloudFormationStacks(awsClient(CloudFormationClient), {
    account,
    region,
    ...(LAUNCH_ROLE ? { launchRole: LAUNCH_ROLE } : {}),
  });

export const commands = ({ region }: Environment) =>
  ssmCommands({ ssm: awsClient(SSMClient), ec2: awsClient(EC2Client) }, { region, now: () => Date.now() });

export const tokenSecret = ({ env }: Environment) =>
  secretsManagerSecret(awsClient(SecretsManagerClient), variable(env, 'TOKEN_SECRET'));

/** Where launched servers report: the URL of the API function, without a trailing slash. Empty where it has none. */
export const endpoint = ({ env: { ENDPOINT = '' } }: Environment) => withoutSlash(ENDPOINT);

/** The same for the API function itself: a function cannot have its own URL in its environment. */
export async function ownEndpoint({ env }: Environment): Promise<string> {
  if (env.PUBLIC !== 'true') return '';
  const { FunctionUrl } = await awsClient(LambdaClient).send(
    new GetFunctionUrlConfigCommand({ FunctionName: variable(env, 'AWS_LAMBDA_FUNCTION_NAME') }),
  );
  return withoutSlash(FunctionUrl!);
}

const withoutSlash = (url: string) => url.replace(/\/$/, '');

/** Connectors are asked through the table: they ask for their messages by the API. */
export const connectors = ({ table }: Environment) => {
  const ec2 = awsClient(EC2Client);
  const images = ec2Images(ec2);
  return askedConnectors(
    { store: new DynamoStore(awsClient(DynamoDBClient), table), clock: CLOCK, newId, bell: POLLING_BELL },
    { removeJobSnapshots: (jobId) => removeJobSnapshots(ec2, jobId, images) },
  );
};

/** Blocks go into the account with credentials of the role that `CONNECTOR_ROLE` names. */
export const blockAccess = ({ region, env: { CONNECTOR_ROLE } }: Environment): BlockAccess => {
  const kms = awsClient(KMSClient);
  const sts = awsClient(STSClient);
  return sessionBlockAccess({ sts, roleArn: CONNECTOR_ROLE, region, keyArn: (keyId) => keyArn(kms, keyId) });
};
