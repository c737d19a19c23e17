import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { incompleteSignature, invalidSignature, missingAuthenticationToken, unrecognizedClient } from './errors.ts';
import type { HttpRequest } from './http.ts';

export interface Verifier {
  /** The secret of an access key that may call; undefined for others. */
  secretOf(accessKeyId: string): Promise<string | undefined>;
  now(): number;
}

/** Difference of clocks that AWS allows, in milliseconds. Source: AWS Signature Version 4, signing requests. */
const MAX_SKEW = 5 * 60_000;
/** Seconds that a presigned request may live. */
const MAX_EXPIRES = 7 * 24 * 3_600;

interface Claim {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As `X-Amz-Date` has it. */
  readonly date: string;
  /** For a presigned request. */
  readonly expires?: number;
}

/** The access key that signed the request (Signature Version 4, in the header or in the query). Throws what AWS JSON services answer otherwise. */
export async function verifySignature(
  request: HttpRequest,
  { signingName }: { signingName: string },
  { secretOf, now }: Verifier,
): Promise<string> {
  const claim = readClaim(request);
  if (claim.service !== signingName)
    throw invalidSignature(
      `the request is signed for service ${claim.service}, but goes to ${signingName}; check the endpoint`,
    );
  const signedAt = parseDate(claim.date);
  checkTime(claim, { signedAt, now: now() });
  const secretAccessKey = await secretOf(claim.accessKeyId);
  if (secretAccessKey === undefined)
    throw unrecognizedClient(
      `access key ${claim.accessKeyId} is not known here; \`rehost up\` prints the one to export`,
    );
  if (!isBodySigned(request))
    throw invalidSignature('x-amz-content-sha256 is not the SHA-256 of the body; it was changed on its way');

  const expected = await sign(request, claim, { secretAccessKey, signedAt });
  if (!sameText(expected, claim.signature)) {
    throw invalidSignature(
      'the signature does not match; check the secret access key, and that nothing on the way changes the request',
    );
  }
  return claim.accessKeyId;
}

function readClaim({ headers, query }: HttpRequest): Claim {
  if (query['X-Amz-Signature'] !== undefined) {
    return claimOf(query['X-Amz-Credential'], {
      signedHeaders: query['X-Amz-SignedHeaders'],
      signature: query['X-Amz-Signature'],
      date: query['X-Amz-Date'],
      expires: Number(query['X-Amz-Expires']),
    });
  }
  const { authorization } = headers;
  if (!authorization)
    throw missingAuthenticationToken(
      'the request is not signed; configure credentials, `rehost up` prints the lines to export',
    );
  const parts = Object.fromEntries(
    authorization
      .replace(/^AWS4-HMAC-SHA256\s+/, '')
      .split(/,\s*/)
      .map((part) => part.split(/=(.*)/s)),
  );
  if (!authorization.startsWith('AWS4-HMAC-SHA256'))
    throw incompleteSignature('the Authorization header is not AWS4-HMAC-SHA256; sign with Signature Version 4');
  return claimOf(parts.Credential, {
    signedHeaders: parts.SignedHeaders,
    signature: parts.Signature,
    date: headers['x-amz-date'],
  });
}

function claimOf(
  credential: string | undefined,
  {
    signedHeaders,
    signature,
    date,
    expires,
  }: { signedHeaders: string | undefined; signature: string | undefined; date: string | undefined; expires?: number },
): Claim {
  const [accessKeyId, day, region, service, end] = credential?.split('/') ?? [];
  if (
    !accessKeyId ||
    !region ||
    !service ||
    end !== 'aws4_request' ||
    !signedHeaders ||
    !signature ||
    !date ||
    !date.startsWith(day ?? '?')
  ) {
    throw incompleteSignature(
      'the signature lacks its Credential, SignedHeaders, Signature or date, or they do not fit each other',
    );
  }
  return {
    accessKeyId,
    region,
    service,
    signedHeaders: signedHeaders.split(';'),
    signature,
    date,
    ...(expires === undefined ? {} : { expires }),
  };
}

function parseDate(date: string): number {
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(time)) throw incompleteSignature(`the date ${date} is not of the form 20260131T120000Z`);
  return time;
}

function checkTime({ date, expires }: Claim, { signedAt, now }: { signedAt: number; now: number }) {
  const here = new Date(now).toISOString();
  if (expires !== undefined && !(expires > 0 && expires <= MAX_EXPIRES))
    throw incompleteSignature(`X-Amz-Expires must be 1 to ${MAX_EXPIRES} seconds`);
  if (expires !== undefined && signedAt + expires * 1_000 < now)
    throw invalidSignature(`the presigned request of ${date} expired after ${expires} seconds; it is ${here} here`);
  if (signedAt > now + MAX_SKEW || (expires === undefined && signedAt < now - MAX_SKEW)) {
    throw invalidSignature(
      `signature expired: signed at ${date}, it is ${here} here, more than ${MAX_SKEW / 60_000} minutes apart; set the caller's clock`,
    );
  }
}

function isBodySigned({ headers, body }: HttpRequest): boolean {
  const claimed = headers['x-amz-content-sha256'];
  return (
    claimed === undefined ||
    claimed === 'UNSIGNED-PAYLOAD' ||
    claimed === createHash('sha256').update(body).digest('hex')
  );
}

async function sign(
  request: HttpRequest,
  claim: Claim,
  { secretAccessKey, signedAt }: { secretAccessKey: string; signedAt: number },
): Promise<string> {
  const { accessKeyId, region, service, signedHeaders, expires } = claim;
  const credentials = { accessKeyId, secretAccessKey };
  const signer = new SignatureV4({
    credentials,
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: false,
  });
  const headers = Object.fromEntries(signedHeaders.map((name) => [name, request.headers[name] ?? '']));
  const query = Object.fromEntries(
    Object.entries(request.query).filter(([name]) => !SIGNATURE_PARAMETERS.includes(name)),
  );
  const unsigned = {
    method: request.method,
    protocol: 'http:',
    hostname: '',
    path: request.path,
    headers,
    query,
    body: request.body,
  };
  const options = {
    signingDate: new Date(signedAt),
    signableHeaders: new Set(signedHeaders),
    unhoistableHeaders: new Set(signedHeaders),
  };
  if (expires !== undefined) {
    const presigned = await signer.presign(unsigned, { ...options, expiresIn: expires });
    return String(presigned.query?.['X-Amz-Signature']);
  }
  const signed = await signer.sign(unsigned, options);
  return /Signature=([0-9a-f]+)/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
}

/** What signing adds to the query itself. */
const SIGNATURE_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
];

const sameText = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

type HashSource = string | ArrayBuffer | ArrayBufferView;

/** SHA-256 and its HMAC in the form that the signer takes. */
export class Sha256 {
  readonly #hash;

  constructor(secret?: HashSource) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: HashSource) {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset() {}
}

const bytes = (data: HashSource): Uint8Array =>
  typeof data === 'string'
    ? Buffer.from(data)
    : data instanceof ArrayBuffer
      ? new Uint8Array(data)
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
