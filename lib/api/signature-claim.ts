import { incompleteSignature, missingAuthenticationToken } from './errors.ts';
import type { HttpRequest } from './http.ts';
import { amzDate } from './sign-v4.ts';

/** What a request says of its signature. Source: AWS Signature Version 4, authentication methods. */
export interface Claim {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  /** Seconds, for a presigned request. */
  readonly expires?: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Seconds that a presigned request may live. Source: AWS Signature Version 4, query parameters. */
const MAX_EXPIRES = 7 * 24 * 3_600;

/** Reads the signature in the Authorization header, or in the query of a presigned request. */
export function readClaim({ headers, query }: HttpRequest): Claim {
  if (query['X-Amz-Signature'] !== undefined) return presignedClaim(query);
  if (headers.authorization) return headerClaim(headers.authorization, headers['x-amz-date']);
  throw missingAuthenticationToken(
    'the request is not signed; configure credentials (`rehost up` prints the lines to export)',
  );
}

function headerClaim(authorization: string, date: string | undefined): Claim {
  const [algorithm, rest] = halves(authorization, ' ');
  if (algorithm !== ALGORITHM)
    throw incompleteSignature(
      `the Authorization header does not begin with ${ALGORITHM}; sign with Signature Version 4`,
    );
  const parts = new Map(rest.split(',').map((part) => halves(part.trim(), '=')));
  return {
    ...scopeOf(given('Credential', parts.get('Credential')), given('the header X-Amz-Date', date)),
    signedHeaders: headerNames(given('SignedHeaders', parts.get('SignedHeaders'))),
    signature: hexadecimal(given('Signature', parts.get('Signature'))),
  };
}

/** The text before the first separator, and that behind it. */
function halves(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function presignedClaim(query: HttpRequest['query']): Claim {
  if (query['X-Amz-Algorithm'] !== ALGORITHM)
    throw incompleteSignature(`X-Amz-Algorithm is not ${ALGORITHM}; presign with Signature Version 4`);
  const expires = Number(given('X-Amz-Expires', query['X-Amz-Expires']));
  if (!(Number.isInteger(expires) && expires >= 1 && expires <= MAX_EXPIRES))
    throw incompleteSignature(`X-Amz-Expires must be 1 to ${MAX_EXPIRES} seconds (7 days)`);
  return {
    ...scopeOf(given('X-Amz-Credential', query['X-Amz-Credential']), given('X-Amz-Date', query['X-Amz-Date'])),
    signedHeaders: headerNames(given('X-Amz-SignedHeaders', query['X-Amz-SignedHeaders'])),
    signature: hexadecimal(given('X-Amz-Signature', query['X-Amz-Signature'])),
    expires,
  };
}

/** The scope `<key>/<day>/<region>/<service>/aws4_request`, whose day is the date's. */
function scopeOf(credential: string, date: string) {
  const [accessKeyId, day, region, service, end, ...more] = credential.split('/');
  if (!accessKeyId || !day || !region || !service || end !== 'aws4_request' || more.length > 0)
    throw incompleteSignature('Credential is not of the form <access key>/<yyyymmdd>/<region>/<service>/aws4_request');
  const signedAt = timeOf(date);
  if (signedAt === undefined) throw incompleteSignature('X-Amz-Date is not of the form 20260131T120000Z');
  if (!date.startsWith(day)) throw incompleteSignature(`Credential is of day ${day}, but X-Amz-Date is ${date}`);
  return { accessKeyId, region, service, signedAt };
}

/** The time of `20260131T120000Z`, in milliseconds since the epoch; undefined for what is none. */
function timeOf(date: string): number | undefined {
  if (!/^\d{8}T\d{6}Z$/.test(date)) return undefined;
  const part = (from: number, to: number) => Number(date.slice(from, to));
  const time = Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15));
  // A 31st of February would be one of March.
  return amzDate(time) === date ? time : undefined;
}

function headerNames(text: string): string[] {
  if (/^[a-z0-9!#$%&'*+.^_`|~-]+(;[a-z0-9!#$%&'*+.^_`|~-]+)*$/.test(text)) return text.split(';');
  throw incompleteSignature('SignedHeaders is not a list of header names in lower case, joined by semicolons');
}

function hexadecimal(signature: string): string {
  if (/^[0-9a-f]{64}$/.test(signature)) return signature;
  throw incompleteSignature('the Signature is not 64 hexadecimal digits');
}

function given(name: string, value: string | undefined): string {
  if (value) return value;
  throw incompleteSignature(`the signature has no ${name}; sign with Signature Version 4`);
}
