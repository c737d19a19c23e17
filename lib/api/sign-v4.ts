import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { HttpRequest } from './http.ts';

/**
 * AWS Signature Version 4 in the fewest steps, for the requests of which there are a thousand a second: blocks. Everything else is signed by
 * `@smithy/signature-v4`, against which this is tested. Source: AWS Signature Version 4, create a signed request.
 */

/** Stands for the body's hash in a signature that leaves the body out. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** By whom, when and for what a request is signed. */
export interface Scope {
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
  /** `20260131T120000Z`. */
  readonly date: string;
}

export interface Signable extends Pick<HttpRequest, 'method' | 'path' | 'query' | 'headers'> {
  /** Names of the headers that are signed, in lower case, sorted. */
  readonly signedHeaders: readonly string[];
  /** SHA-256 of the body in hexadecimal digits, or UNSIGNED_PAYLOAD. */
  readonly payloadHash: string;
}

/** The signature of the request, in hexadecimal digits. */
export function signatureOf(request: Signable, scope: Scope): string {
  const { region, service, date } = scope;
  const text = [
    'AWS4-HMAC-SHA256',
    date,
    `${date.slice(0, 8)}/${region}/${service}/aws4_request`,
    createHash('sha256').update(canonical(request)).digest('hex'),
  ].join('\n');
  return createHmac('sha256', signingKey(scope)).update(text).digest('hex');
}

let lastDate = { second: Number.NaN, text: '' };

/** `20260131T120000Z`. The last one is kept: a copy asks for it a thousand times a second. Throws a RangeError for what is no time. */
export function amzDate(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1_000);
  if (second !== lastDate.second)
    lastDate = { second, text: new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '') };
  return lastDate.text;
}

const canonical = ({ method, path, query, headers, signedHeaders, payloadHash }: Signable) =>
  [
    method,
    PLAIN_PATH.test(path) ? path : percentEncoded(path).replaceAll('%2F', '/'),
    Object.keys(query)
      .map((name) => [percentEncoded(name), percentEncoded(query[name] ?? '')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((pair) => pair.join('='))
      .join('&'),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');

/** A path that is the same encoded: that of every block. */
const PLAIN_PATH = /^[\w.~/-]*$/;

/** RFC 3986, which wants five characters escaped that encodeURIComponent leaves. */
const percentEncoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** The keys of the day, of all who sign and of whom requests are checked: rarely more than one. */
const keys = new Map<string, KeyObject>();
const MAX_KEYS = 100;

function signingKey({ secretAccessKey, region, service, date }: Scope): KeyObject {
  const day = date.slice(0, 8);
  const name = [secretAccessKey, day, region, service].join('\n');
  const known = keys.get(name);
  if (known) return known;
  const key = [day, region, service, 'aws4_request'].reduce(
    (above, text) => createSecretKey(createHmac('sha256', above).update(text).digest()),
    createSecretKey(`AWS4${secretAccessKey}`, 'utf8'),
  );
  if (keys.size >= MAX_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}
