import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { STSClient } from '@aws-sdk/client-sts';
import type { BlockAccess } from '../api/connectors/services.ts';
import { type AwsPlace, awsPlace, awsTarget } from '../aws/aws-target.ts';
import { awsClient } from '../aws/client.ts';
import { eventBridgeEvents } from '../aws/event-bridge-events.ts';
import { keyArn } from '../aws/key-arn.ts';
import { sessionBlockAccess } from '../aws/session-block-access.ts';
import type { Config } from '../config.ts';
import { atMost } from '../domain/bandwidth.ts';
import type { RehostOptions } from '../local/rehost.ts';
import { BLOCK_SIZE } from '../snapshots.ts';
import { UsageError } from './command.ts';

/** The options of a service that puts snapshots, images, stacks or events into the account of the environment's credentials. */
export async function awsOptions(
  options: RehostOptions,
  { target, bus, account, region, 'connector-role': roleArn }: Readonly<Record<string, string | undefined>>,
): Promise<RehostOptions> {
  if (target !== undefined && target !== 'local' && target !== 'aws')
    throw new UsageError(`--target ${target}: give local or aws`);
  if (target !== 'aws' && !bus) return options;
  const place = await placeOf(region);
  if (account && account !== place.account)
    throw new UsageError(`--account ${account}: the credentials are of account ${place.account}; leave the option out`);
  return {
    ...options,
    config: { ...options.config!, ...place },
    ...(target === 'aws'
      ? {
          target: awsTarget(place),
          blockAccess: blockAccess(place, roleArn),
          config: { ...options.config!, ...place, copy: ebsPaced(options.config!) },
        }
      : {}),
    ...(bus ? { publish: eventBridgeEvents(awsClient(EventBridgeClient, place), bus).publish } : {}),
  };
}

/** EBS takes 1,000 puts a second for one snapshot, and no more can be had. Source: Service Quotas, Amazon EBS. */
const EBS_BYTES_PER_SECOND = 900 * BLOCK_SIZE;

const ebsPaced = ({ copy }: Config) => ({ ...copy, bandwidth: atMost(copy.bandwidth, EBS_BYTES_PER_SECOND) });

function blockAccess(place: AwsPlace, roleArn: string | undefined): BlockAccess {
  const kms = awsClient(KMSClient, place);
  const sts = awsClient(STSClient, place);
  return sessionBlockAccess({ sts, roleArn, region: place.region, keyArn: (keyId) => keyArn(kms, keyId) });
}

async function placeOf(region: string | undefined) {
  try {
    return await awsPlace(region ? { region } : {});
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`AWS does not answer (${message}); set AWS_REGION and credentials as for the AWS CLI`);
  }
}
