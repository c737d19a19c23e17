import {
  CompleteSnapshotCommand,
  type EBSClient,
  type EBSServiceException,
  GetSnapshotBlockCommand,
  paginateListChangedBlocks,
  paginateListSnapshotBlocks,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { Clock } from '../clock.ts';
import { sha256 } from '../replication/digest.ts';
import {
  BLOCK_SIZE,
  ChecksumMismatchError,
  IncompleteSnapshotError,
  InvalidBlockError,
  type SnapshotId,
  type SnapshotSpec,
  SnapshotSpecError,
  SnapshotStateError,
  type Snapshots,
  SnapshotTokenError,
  UnrelatedSnapshotsError,
} from '../snapshots.ts';
import { blockSender, PutRefusedError, type PutTimeouts } from './put-block.ts';
import { withRetries } from './put-retries.ts';
import { unlessGone } from './unless-gone.ts';

export interface EbsSnapshotsOptions {
  /** Everything but blocks goes through it; its region, credentials and endpoint are the blocks', too. */
  readonly ebs: EBSClient;
  /** Tells states and deletes, which the EBS direct APIs cannot. */
  readonly ec2: EC2Client;
  readonly clock: Clock;
  random(): number;
  readonly timeouts?: Partial<PutTimeouts>;
}

/** Snapshots behind an EBS direct endpoint, and the means to close its connections. */
export interface EbsSnapshots extends Snapshots {
  close(): void;
}

/** Milliseconds; the figures that awslabs/coldsnap came to. */
const TIMEOUTS: PutTimeouts = { silence: 12_000, attempt: 20_000, operation: 120_000 };
/** Blocks a page, the most there are. */
const PAGE = 10_000;

/** Snapshots on AWS, or on another Rehost: whatever serves the EBS direct APIs and EC2's two operations for snapshots. */
export async function ebsSnapshots(options: EbsSnapshotsOptions): Promise<EbsSnapshots> {
  const { ebs, ec2, clock, random } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const region = await ebs.config.region();
  const sender = blockSender({
    endpoint: await endpointOf(ebs, region),
    region,
    credentials: () => ebs.config.credentials(),
    now: () => Date.now() + (ebs.config.systemClockOffset ?? 0),
    timeouts,
  });
  return {
    start: (spec) => start(ebs, spec),
    async put(id, index, data, digest) {
      const block = { snapshotId: id, index, data, sha256: digest };
      try {
        return await withRetries(() => sender.put(block), { clock, random, patience: timeouts.operation });
      } catch (error) {
        throw error instanceof PutRefusedError ? portError(error, error, ChecksumMismatchError) : error;
      }
    },
    complete: (id, seal) => complete(ebs, id, seal),
    state: (id) => state(ec2, id),
    async *list(id) {
      for await (const { Blocks = [] } of pagesOf(
        paginateListSnapshotBlocks({ client: ebs }, { SnapshotId: id, MaxResults: PAGE }),
      ))
        for (const { BlockIndex, BlockToken } of Blocks) yield { index: BlockIndex!, token: BlockToken! };
    },
    async *changed(first, second) {
      const pair = { FirstSnapshotId: first, SecondSnapshotId: second };
      for await (const { ChangedBlocks = [] } of pagesOf(
        paginateListChangedBlocks({ client: ebs }, { ...pair, MaxResults: PAGE }),
      ))
        for (const { BlockIndex } of ChangedBlocks) yield { index: BlockIndex! };
    },
    read: (id, index, token) => read(ebs, { id, index, token }),
    remove: (id) => remove(ec2, id),
    close: () => sender.close(),
  };
}

/** Where the client would send a block. */
async function endpointOf({ config }: EBSClient, region: string): Promise<string> {
  const given = await config.endpoint?.();
  if (given) return `${given.protocol}//${given.hostname}${given.port ? `:${given.port}` : ''}`;
  // The SDK reads these at its first request only.
  const fromEnvironment = process.env.AWS_ENDPOINT_URL_EBS ?? process.env.AWS_ENDPOINT_URL;
  if (fromEnvironment) return new URL(fromEnvironment).origin;
  const resolved = config.endpointProvider({
    Region: region,
    UseDualStack: await config.useDualstackEndpoint(),
    UseFIPS: await config.useFipsEndpoint(),
  });
  return resolved.url.origin;
}

async function start(ebs: EBSClient, spec: SnapshotSpec): Promise<{ id: SnapshotId; blockSize: typeof BLOCK_SIZE }> {
  const command = new StartSnapshotCommand({
    VolumeSize: spec.sizeGiB,
    ClientToken: spec.token,
    Timeout: spec.timeoutMinutes,
    Tags: Object.entries(spec.tags).map(([Key, Value]) => ({ Key, Value })),
    ...(spec.description ? { Description: spec.description } : {}),
    ...(spec.parent === undefined ? {} : { ParentSnapshotId: spec.parent }),
    ...(spec.kmsKeyArn === undefined ? {} : { Encrypted: true, KmsKeyArn: spec.kmsKeyArn }),
  });
  const { SnapshotId, BlockSize } = await told(() => ebs.send(command), SnapshotSpecError);
  if (BlockSize !== BLOCK_SIZE)
    throw new Error(`snapshot ${SnapshotId} has blocks of ${BlockSize} bytes, not ${BLOCK_SIZE}`);
  return { id: SnapshotId!, blockSize: BLOCK_SIZE };
}

async function complete(ebs: EBSClient, id: SnapshotId, { written, linear }: Parameters<Snapshots['complete']>[1]) {
  const command = new CompleteSnapshotCommand({
    SnapshotId: id,
    ChangedBlocksCount: written,
    ...(linear
      ? {
          Checksum: linear.toString('base64'),
          ChecksumAlgorithm: 'SHA256',
          ChecksumAggregationMethod: 'LINEAR',
        }
      : {}),
  });
  await told(() => ebs.send(command), IncompleteSnapshotError);
}

async function state(ec2: EC2Client, id: SnapshotId): ReturnType<Snapshots['state']> {
  const { Snapshots: found = [] } =
    (await unlessGone(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] })))) ?? {};
  const known = found[0]?.State;
  return known === 'pending' || known === 'completed' || known === 'error' ? known : undefined;
}

/** A snapshot that is gone has no tags: a caller that may delete only what bears them would be refused it. */
async function remove(ec2: EC2Client, id: SnapshotId): Promise<void> {
  if ((await state(ec2, id)) === undefined) return;
  await unlessGone(ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })));
}

async function read(ebs: EBSClient, { id, index, token }: { id: SnapshotId; index: number; token: string }) {
  const command = new GetSnapshotBlockCommand({ SnapshotId: id, BlockIndex: index, BlockToken: token });
  const { BlockData, Checksum } = await told(() => ebs.send(command), InvalidBlockError);
  const data = Buffer.from(await BlockData!.transformToByteArray());
  const digest = await sha256(data);
  if (digest.toString('base64') !== Checksum)
    throw new ChecksumMismatchError(
      `block ${index} of ${id} came with bytes that do not have its checksum; read it again`,
    );
  return { data, sha256: digest };
}

/** Pages as they come, their errors in the words of the port. */
async function* pagesOf<Page>(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    throw portErrorOf(error, SnapshotStateError);
  }
}

type ErrorClass = new (message: string) => Error;

async function told<T>(call: () => Promise<T>, otherwise: ErrorClass): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw portErrorOf(error, otherwise);
  }
}

function portErrorOf(error: unknown, otherwise: ErrorClass): unknown {
  const { name: type, Reason: reason } = error as EBSServiceException & { Reason?: string };
  return portError(error as Error, { type, ...(reason ? { reason } : {}) }, otherwise);
}

const OF_TYPE: Readonly<Record<string, ErrorClass>> = {
  ConflictException: SnapshotTokenError,
  ResourceNotFoundException: SnapshotStateError,
};

const OF_REASON: Readonly<Record<string, ErrorClass>> = {
  INVALID_SNAPSHOT_ID: SnapshotStateError,
  WRITE_REQUEST_TIMEOUT: SnapshotStateError,
  UNRELATED_SNAPSHOTS: UnrelatedSnapshotsError,
  INVALID_BLOCK: InvalidBlockError,
  INVALID_BLOCK_TOKEN: InvalidBlockError,
};

/** The port's error for one of the service's; what is of another kind stays as it is. */
function portError(
  error: Error,
  { type, reason = '' }: { type: string; reason?: string },
  otherwise: ErrorClass,
): Error {
  const kind = type === 'ValidationException' ? (OF_REASON[reason] ?? otherwise) : OF_TYPE[type];
  return kind ? Object.assign(new kind(error.message), { cause: error }) : error;
}
