import type { HttpRequest } from '../../api/http.ts';
import type { Clock } from '../../clock.ts';
import type { Json } from '../../json.ts';
import type { FileSnapshots, SnapshotDescription } from '../file-snapshots.ts';
import { invalid, snapshotNotFound } from './ebs-error.ts';
import type { Tokens } from './token.ts';

export interface EbsServices {
  readonly snapshots: FileSnapshots;
  readonly clock: Clock;
  readonly tokens: Tokens;
  /** Twelve digits; the owner of all snapshots. */
  readonly account: string;
  readonly region: string;
  /** Whether EBS encryption by default is on in this account. */
  readonly encryptionByDefault: boolean;
}

export interface EbsRequest extends Pick<HttpRequest, 'query' | 'headers' | 'body'> {
  /** What the path names: a snapshot, and perhaps a block. */
  readonly names: readonly string[];
  /** SHA-256 of a block that came. */
  readonly digest?: Buffer;
}

export interface EbsAnswer {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json | Buffer;
}

export type Operation = (request: EbsRequest, services: EbsServices) => Promise<EbsAnswer>;

/** The snapshot, if it is in that state. */
export function demandSnapshot(
  id: string,
  wanted: 'pending' | 'completed',
  { snapshots }: Pick<EbsServices, 'snapshots'>,
): SnapshotDescription {
  const snapshot = describe(id, snapshots);
  const { state, spec } = snapshot;
  if (state === wanted) return snapshot;
  if (state === 'error' && wanted === 'pending')
    throw invalid(
      'WRITE_REQUEST_TIMEOUT',
      `snapshot ${id} got no request for ${spec.timeoutMinutes} minutes; start another`,
    );
  throw invalid('INVALID_SNAPSHOT_ID', `snapshot ${id} is ${state}; this needs one that is ${wanted}`);
}

function describe(id: string, snapshots: FileSnapshots): SnapshotDescription {
  if (!/^snap-[0-9a-f]{1,59}$/.test(id))
    throw invalid(
      'INVALID_SNAPSHOT_ID',
      `${id.slice(0, 64)} is not the id of a snapshot: snap- and hexadecimal digits`,
    );
  const snapshot = snapshots.describe(id);
  if (!snapshot) throw snapshotNotFound(id);
  return snapshot;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number of the range; undefined where there is no text. */
export function wholeNumber(name: string, text: string | undefined, { min, max }: Range): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw invalid(
    'INVALID_PARAMETER_VALUE',
    `${name} is ${text.slice(0, 40)}; give a whole number from ${min} to ${max}`,
  );
}

/** The digest of a `x-amz-Checksum` header; undefined where there is none. */
export function checksumOf(headers: EbsRequest['headers']): Buffer | undefined {
  const text = headers['x-amz-checksum'];
  if (text === undefined) return undefined;
  const digest = Buffer.from(text, 'base64');
  const algorithm = headers['x-amz-checksum-algorithm'];
  if (algorithm !== 'SHA256')
    throw invalid('INVALID_PARAMETER_VALUE', 'x-amz-Checksum-Algorithm has to be SHA256, the only one there is');
  if (digest.length !== 32 || digest.toString('base64') !== text)
    throw invalid('INVALID_PARAMETER_VALUE', 'x-amz-Checksum is not a SHA-256 in base64');
  return digest;
}
