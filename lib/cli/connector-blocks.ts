import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import type { Credentials } from '../agent/json-call.ts';
import type { OpenBlocks } from '../agent/options.ts';
import { awsClient } from '../aws/client.ts';
import { type EbsSnapshots, ebsSnapshots } from '../aws/ebs-snapshots.ts';
import { systemClock } from '../local/system-clock.ts';
import type { BlockGrant } from '../messages.ts';

interface OwnPlace {
  readonly endpoint: string;
  readonly region: string;
  credentials(): Credentials;
}

/** Milliseconds that the SDK may keep a key of ours before it asks again: the key may be rotated. */
const KEPT = 60_000;
/** Milliseconds before their end that credentials are asked anew: the SDK's own figure. */
const EARLY = 5 * 60_000;

/** Opens the way to the blocks: the service's own endpoint with the connector's key, or an account with what the service was given by STS. */
export function connectorBlocks(own: OwnPlace): OpenBlocks {
  let ownBlocks: Promise<EbsSnapshots> | undefined;
  return async (grant, renew) => {
    if (grant.credentials) return inAccount(grant, renew);
    ownBlocks ??= open({ endpoint: own.endpoint, region: own.region }, async () => ({
      ...own.credentials(),
      expiration: new Date(Date.now() + EARLY + KEPT),
    }));
    const { put, list, changed, read } = await ownBlocks;
    // Its connections are for all transfers; a transfer does not close them.
    return { put, list, changed, read };
  };
}

function inAccount(first: BlockGrant, renew: () => Promise<BlockGrant>): Promise<EbsSnapshots> {
  let grant = first;
  return open({ endpoint: first.endpoint, region: first.region ?? 'us-east-1' }, async () => {
    if ((grant.credentials?.expiresAt ?? 0) < Date.now() + EARLY) grant = await renew();
    const { expiresAt, ...credentials } = grant.credentials!;
    return { ...credentials, expiration: new Date(expiresAt) };
  });
}

function open(
  { endpoint, region }: { endpoint: string | undefined; region: string },
  credentials: () => Promise<Credentials & { sessionToken?: string; expiration: Date }>,
): Promise<EbsSnapshots> {
  const config = { region, credentials, ...(endpoint === undefined ? {} : { endpoint }) };
  return ebsSnapshots({
    ebs: awsClient(EBSClient, config),
    // States and deletions are the service's; the connector's key is not good for EC2.
    ec2: awsClient(EC2Client, config),
    clock: systemClock,
    random: Math.random,
  });
}
