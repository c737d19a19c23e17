import {
  CompleteSnapshotCommand,
  type EBSClient,
  type EBSServiceException,
  paginateListChangedBlocks,
  paginateListSnapshotBlocks,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
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
import { BlockRefusedError, type BlockTimeouts, blockRequests } from './block-requests.ts';
import type { Ec2Snapshots } from './ec2-snapshots.ts';
import { withRetries } from './put-retries.ts';

export interface EbsSnapshotsOptions {
  /** Everything but blocks goes through it; its region, credentials and endpoint are the blocks', too. */
  readonly ebs: EBSClient;
  /** Tells states and deletes, which the EBS direct APIs cannot. */
  readonly ec2: Ec2Snapshots;
  readonly clock: Clock;
  random(): number;
  readonly timeouts?: Partial<BlockTimeouts>;
}

/** Snapshots behind an EBS direct endpoint, and the means to close its connections. */
export interface EbsSnapshots extends Snapshots {
  close(): void;
}

/** Milliseconds; the figures that awslabs/coldsnap came to. */
const TIMEOUTS: BlockTimeouts = { silence: 12_000, attempt: 20_000, operation: 120_000 };
/** Blocks a page, the most there are. */
const PAGE = 10_000;

/** Snapshots on AWS, or on another Rehost: whatever serves the EBS direct APIs and EC2's two operations for snapshots. */
export async function ebsSnapshots(options: EbsSnapshotsOptions): Promise<EbsSnapshots> {
  const { ebs, ec2, clock, random } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const region = await ebs.config.region();
  const requests = blockRequests({
    endpoint: await endpointOf(ebs, region),
    region,
    credentials: () => ebs.config.credentials(),
    now: () => Date.now() + (ebs.config.systemClockOffset ?? 0),
    timeouts,
  });
  const retries = { clock, random, patience: timeouts.operation };
  return {
    start: (spec) => start(ebs, spec),
    async put(id, index, data, digest, signal) {
      const block = { snapshotId: id, index, data, sha256: digest };
      return refusals(() => withRetries(() => requests.put(block), { ...retries, signal }), ChecksumMismatchError);
    },
    complete: (id, seal) => complete(ebs, id, seal),
    state: (id) => ec2.state(id),
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
    async read(id, index, token, signal) {
      const name = { snapshotId: id, index };
      const get = () => withRetries(() => requests.get(name, token), { ...retries, signal });
      const { answer } = await refusals(get, InvalidBlockError);
      return checked(answer, name);
    },
    remove: (id) => ec2.remove(id),
    close: () => requests.close(),
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

/** The errors of a request for a block in the words of the port. */
async function refusals<T>(request: () => Promise<T>, otherwise: ErrorClass): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw error instanceof BlockRefusedError ? portError(error, error, otherwise) : error;
  }
}

async function checked(
  { data, checksum }: { data: Buffer; checksum: string },
  { snapshotId, index }: { snapshotId: string; index: number },
) {
  const digest = await sha256(data);
  if (digest.toString('base64') === checksum) return { data, sha256: digest };
  throw new ChecksumMismatchError(
    `block ${index} of ${snapshotId} came with bytes that do not have its checksum; read it again`,
  );
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
