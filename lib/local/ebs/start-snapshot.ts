import { randomUUID } from 'node:crypto';
import type { StartSnapshotRequest } from '@aws-sdk/client-ebs';
import { parseBody } from '../../api/body.ts';
import { BLOCK_SIZE, type SnapshotSpec } from '../../snapshots.ts';
import type { SnapshotDescription } from '../file-snapshots.ts';
import { invalid } from './ebs-error.ts';
import { demandSnapshot, type EbsAnswer, type EbsRequest, type EbsServices } from './operation.ts';

/** Minutes in which a pending snapshot wants a request. Source: model of the EBS direct APIs. */
const DEFAULT_TIMEOUT = 60;
const MAX_TAGS = 50;

/** Begins a snapshot. */
export async function startSnapshot({ body, headers }: EbsRequest, services: EbsServices): Promise<EbsAnswer> {
  const input = checked(parseBody({ body, headers }) as Partial<StartSnapshotRequest>);
  const spec = specOf(input, services);
  const { id } = await services.snapshots.start(spec);
  const snapshot = services.snapshots.describe(id)!;
  return { body: described(snapshot, services) };
}

function described(snapshot: SnapshotDescription, { account }: EbsServices) {
  const { id, spec, state, startedAt, kmsKeyArn } = snapshot;
  return {
    SnapshotId: id,
    OwnerId: account,
    Status: state,
    StartTime: startedAt / 1_000,
    VolumeSize: spec.sizeGiB,
    BlockSize: BLOCK_SIZE,
    Tags: Object.entries(spec.tags).map(([Key, Value]) => ({ Key, Value })),
    SseType: kmsKeyArn ? 'sse-kms' : 'none',
    ...(spec.description === undefined ? {} : { Description: spec.description }),
    ...(spec.parent === undefined ? {} : { ParentSnapshotId: spec.parent }),
    ...(kmsKeyArn === undefined ? {} : { KmsKeyArn: kmsKeyArn }),
  };
}

function specOf(input: Partial<StartSnapshotRequest>, services: EbsServices): SnapshotSpec {
  const { VolumeSize, ParentSnapshotId: parent, Description, ClientToken, Timeout, Tags = [] } = input;
  const kmsKeyArn = encryptionKey(input, services);
  if (parent !== undefined && demandSnapshot(parent, 'completed', services).spec.sizeGiB > VolumeSize!)
    throw invalid('INVALID_VOLUME_SIZE', `VolumeSize is less than that of the parent ${parent}; give at least as much`);
  return {
    sizeGiB: VolumeSize!,
    ...(parent === undefined ? {} : { parent }),
    token: ClientToken ?? randomUUID(),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(Description === undefined ? {} : { description: Description }),
    tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value ?? ''])),
    timeoutMinutes: Timeout ?? DEFAULT_TIMEOUT,
  };
}

/** The key of a snapshot without parent. The rules are a table in the EBS user guide, encryption outcomes of EBS direct snapshots. */
function encryptionKey(
  { Encrypted, KmsKeyArn, ParentSnapshotId: parent }: Partial<StartSnapshotRequest>,
  services: EbsServices,
): string | undefined {
  const { encryptionByDefault, account, region } = services;
  if (parent !== undefined) {
    if (Encrypted !== undefined || KmsKeyArn !== undefined)
      throw invalid(
        'INVALID_PARAMETER_VALUE',
        'with ParentSnapshotId give neither Encrypted nor KmsKeyArn: a child is encrypted as its parent is',
      );
    if (encryptionByDefault && demandSnapshot(parent, 'completed', services).kmsKeyArn === undefined)
      throw invalid(
        'INVALID_PARAMETER_VALUE',
        `encryption by default is on, and the parent ${parent} is not encrypted; start without a parent`,
      );
    return undefined;
  }
  if (KmsKeyArn !== undefined && Encrypted !== true)
    throw invalid('INVALID_PARAMETER_VALUE', 'KmsKeyArn needs Encrypted: true');
  if (Encrypted !== true && !encryptionByDefault) return undefined;
  // The id of an account's default key is its own; this stands for it.
  return KmsKeyArn ?? `arn:aws:kms:${region}:${account}:key/aws-ebs`;
}

/** The input, if its members are what the model wants. */
function checked(input: Partial<StartSnapshotRequest>): Partial<StartSnapshotRequest> {
  if (typeof input !== 'object' || input === null)
    throw invalid('INVALID_PARAMETER_VALUE', 'the body is not an object');
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
  const broken = RULES.find(({ holds }) => !holds(given));
  if (broken) throw invalid(broken.reason, broken.says);
  return given;
}

const isWhole = (value: unknown, min: number, max: number) =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
const isText = (value: unknown, pattern: RegExp) => typeof value === 'string' && pattern.test(value);
const optional = (value: unknown, holds: boolean) => value === undefined || holds;

const RULES: readonly {
  reason: Parameters<typeof invalid>[0];
  says: string;
  holds(input: Partial<StartSnapshotRequest>): boolean;
}[] = [
  {
    reason: 'INVALID_VOLUME_SIZE',
    says: 'VolumeSize is the size of the volume in GiB, a whole number from 1 to 65536',
    holds: ({ VolumeSize }) => isWhole(VolumeSize, 1, 65_536),
  },
  {
    reason: 'INVALID_PARAMETER_VALUE',
    says: 'Timeout is given in minutes, a whole number from 10 to 4320',
    holds: ({ Timeout }) => optional(Timeout, isWhole(Timeout, 10, 4_320)),
  },
  {
    reason: 'INVALID_PARAMETER_VALUE',
    says: 'ClientToken has 1 to 64 printable ASCII characters without spaces',
    holds: ({ ClientToken }) => optional(ClientToken, isText(ClientToken, /^[\x21-\x7e]{1,64}$/)),
  },
  {
    reason: 'INVALID_PARAMETER_VALUE',
    says: 'Description has 1 to 255 characters',
    holds: ({ Description }) => optional(Description, isText(Description, /^[\S\s]{1,255}$/)),
  },
  {
    reason: 'INVALID_SNAPSHOT_ID',
    says: 'ParentSnapshotId is not the id of a snapshot: snap- and hexadecimal digits',
    holds: ({ ParentSnapshotId }) => optional(ParentSnapshotId, isText(ParentSnapshotId, /^snap-[0-9a-f]{1,59}$/)),
  },
  {
    reason: 'INVALID_PARAMETER_VALUE',
    says: 'Encrypted is true or false',
    holds: ({ Encrypted }) => optional(Encrypted, typeof Encrypted === 'boolean'),
  },
  {
    reason: 'INVALID_CUSTOMER_KEY',
    says: 'KmsKeyArn is the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID; resolve ids and aliases with DescribeKey',
    holds: ({ KmsKeyArn }) => optional(KmsKeyArn, isText(KmsKeyArn, /^arn:aws[a-z-]*:kms:.*:\d{12}:key\/.+$/)),
  },
  {
    reason: 'INVALID_TAG',
    says: `Tags is a list of at most ${MAX_TAGS} tags, each with a Key of 1 to 127 characters of its own and a Value of at most 255`,
    holds: ({ Tags }) => optional(Tags, areTags(Tags)),
  },
];

function areTags(tags: unknown): boolean {
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) return false;
  const isTag = (tag: { Key?: unknown; Value?: unknown } | null) =>
    isText(tag?.Key, /^[\S\s]{1,127}$/) && optional(tag?.Value ?? undefined, isText(tag?.Value, /^[\S\s]{0,255}$/));
  return tags.every(isTag) && new Set(tags.map(({ Key }) => Key)).size === tags.length;
}
