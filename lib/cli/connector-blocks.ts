import { EBSClient } from '@aws-sdk/client-ebs';
import type { Credentials } from '../agent/json-call.ts';
import type { Blocks, OpenBlocks } from '../agent/options.ts';
import { awsClient } from '../aws/client.ts';
import { type EbsSnapshots, ebsSnapshots } from '../aws/ebs-snapshots.ts';
import type { Ec2Snapshots } from '../aws/ec2-snapshots.ts';
import { systemClock } from '../local/system-clock.ts';
import type { BlockGrant } from '../messages.ts';

interface OwnPlace {
  readonly endpoint: string;
  readonly region: string;
  credentials(): Credentials;
}

/** Milliseconds before their end that credentials are asked anew: the SDK's own figure. */
const EARLY = 5 * 60_000;

/** Opens the way to the blocks: the service's own endpoint with the connector's key, or an account with what the service was given by STS. */
export function connectorBlocks(own: OwnPlace): OpenBlocks {
  let opened: { readonly accessKeyId: string; readonly blocks: Promise<EbsSnapshots> } | undefined;
  const current = () => {
    const key = own.credentials();
    // The SDK keeps a key for as long as it has its client: a key that was rotated needs another.
    if (opened?.accessKeyId !== key.accessKeyId)
      opened = { accessKeyId: key.accessKeyId, blocks: open(own, async () => key) };
    return opened.blocks;
  };
  const ownBlocks: Blocks = {
    put: async (...block) => (await current()).put(...block),
    async *list(id) {
      yield* (await current()).list(id);
    },
    async *changed(first, second) {
      yield* (await current()).changed(first, second);
    },
    read: async (...block) => (await current()).read(...block),
  };
  // Its connections are for all transfers; none closes them.
  return async (grant, renew) => (grant.credentials ? inAccount(grant, renew) : ownBlocks);
}

function inAccount(first: BlockGrant, renew: () => Promise<BlockGrant>): Promise<EbsSnapshots> {
  let grant = first;
  const place = { region: first.region ?? 'us-east-1', ...(first.endpoint ? { endpoint: first.endpoint } : {}) };
  return open(place, async () => {
    if ((grant.credentials?.expiresAt ?? 0) < Date.now() + EARLY) grant = await renew();
    const { expiresAt, ...credentials } = grant.credentials!;
    return { ...credentials, expiration: new Date(expiresAt) };
  });
}

function open(
  { endpoint, region }: { readonly endpoint?: string; readonly region: string },
  credentials: () => Promise<Credentials & { sessionToken?: string; expiration?: Date }>,
): Promise<EbsSnapshots> {
  const config = { region, credentials, ...(endpoint === undefined ? {} : { endpoint }) };
  return ebsSnapshots({
    ebs: awsClient(EBSClient, config),
    ec2: OF_THE_SERVICE,
    clock: systemClock,
    random: Math.random,
  });
}

/** The connector's key is good for blocks only. */
const OF_THE_SERVICE: Ec2Snapshots = {
  state: async (id) => Promise.reject(new Error(`the state of ${id} is to be asked of the service`)),
  remove: async (id) => Promise.reject(new Error(`${id} is the service's to remove`)),
};
