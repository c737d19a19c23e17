import { createHash, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { incompleteSignature, invalidSignature, requestExpired, unrecognizedClient } from './errors.ts';
import type { HttpRequest } from './http.ts';
import { Sha256 } from './sha256.ts';
import { amzDate, signatureOf, UNSIGNED_PAYLOAD as UNSIGNED } from './sign-v4.ts';
import { type Claim, readClaim } from './signature-claim.ts';

/**
 * Verifies AWS Signature Version 4 by signing the request anew, as the caller must have, and comparing. What is accepted:
 * - in the Authorization header, up to five minutes before and after the time here;
 * - in the query (presigned), from the time of signing for X-Amz-Expires seconds.
 * The signature must cover the host, the operation (X-Amz-Target) and the body, so that none of them can be exchanged.
 */
export interface Verifier {
  /** An access key that may call; undefined for others. */
  keyOf(accessKeyId: string): Promise<CallerKey | undefined>;
  now(): number;
}

/** The key of a caller. */
export interface CallerKey {
  readonly secretAccessKey: string;
  /** Throws AccessDenied unless the key is good for the request; absent where it is good for all. */
  permit?(request: HttpRequest, signing: Signing): Promise<void>;
}

/** Who signed a request. */
export interface Signer {
  readonly accessKeyId: string;
  readonly key: CallerKey;
}

export interface Signing {
  /** The service that the request must be signed for: `sms`, `states`, `ebs`, … */
  readonly signingName: string;
  /** Whether the body may be left out of the signature, as S3 and EBS direct callers do. Not by default. */
  readonly unsignedPayload?: boolean;
  /** SHA-256 of the body in hexadecimal digits, where the caller has it already: a body of 512 KiB is not hashed twice. */
  readonly bodySha256?: string;
}

/** Difference of clocks that AWS's JSON services allow, in milliseconds: their messages say `- 5 min.` (issues of aws-sdk-js and aws-sdk-php). */
const MAX_SKEW = 5 * 60_000;

/** The caller whose key signed the request. Throws the error that AWS JSON services answer otherwise. */
export async function verifySignature(request: HttpRequest, signing: Signing, verifier: Verifier): Promise<Signer> {
  const claim = readClaim(request);
  if (claim.service !== signing.signingName)
    throw invalidSignature(
      `the request is signed for service ${claim.service}, but goes to ${signing.signingName}; check the client's endpoint`,
    );
  checkCoverage(request, claim);
  checkTime(claim, verifier.now());
  const { accessKeyId } = claim;
  const key = await verifier.keyOf(accessKeyId);
  if (key === undefined)
    throw unrecognizedClient(`access key ${accessKeyId} is not known here; export the one that \`rehost up\` prints`);
  checkPayload(request, signing);
  const { secretAccessKey } = key;
  if (isSignedHashed(request, { claim, signing, secretAccessKey })) return { accessKeyId, key };
  const expected = await sign(request, claim, secretAccessKey).catch((error) => {
    // Whatever a strange request makes the signer stumble over is the caller's fault.
    throw invalidSignature(`the signature cannot be checked: ${(error as Error).message}`);
  });
  if (!sameText(expected, claim.signature))
    throw invalidSignature(
      `the signature does not match the one computed here with the secret of ${accessKeyId}; check the secret access key, and that no proxy changes the request`,
    );
  return { accessKeyId, key };
}

function checkCoverage({ headers }: HttpRequest, { signedHeaders, expires }: Claim) {
  const names = ['host', ...(expires === undefined ? ['x-amz-date'] : []), 'x-amz-target'];
  const open = names.find((name) => headers[name] !== undefined && !signedHeaders.includes(name));
  if (open) throw incompleteSignature(`the header ${open} is not among the SignedHeaders; sign it`);
}

function checkTime({ signedAt, expires }: Claim, now: number) {
  const minutes = Math.round(Math.abs(now - signedAt) / 60_000);
  const times = `signed at ${new Date(signedAt).toISOString()}, it is ${new Date(now).toISOString()} here`;
  if (signedAt > now + MAX_SKEW)
    throw invalidSignature(`signature not yet current: ${times}, ${minutes} minutes apart; set the caller's clock`);
  if (expires === undefined && signedAt < now - MAX_SKEW)
    throw invalidSignature(`signature expired: ${times}, ${minutes} minutes apart; set the caller's clock`);
  if (expires !== undefined && signedAt + expires * 1_000 < now)
    throw requestExpired(`the presigned request has expired: ${times}, and it was good for ${expires} s; presign anew`);
}

function checkPayload({ headers, body }: HttpRequest, { unsignedPayload = false, bodySha256 }: Signing) {
  const claimed = headers['x-amz-content-sha256'];
  if (claimed === undefined || (claimed === UNSIGNED && unsignedPayload)) return;
  if (claimed === UNSIGNED)
    throw invalidSignature('x-amz-content-sha256 is UNSIGNED-PAYLOAD, but this service wants the body signed');
  if (claimed !== (bodySha256 ?? createHash('sha256').update(body).digest('hex')))
    throw invalidSignature('x-amz-content-sha256 is not the SHA-256 of the body; something on the way changed it');
}

/**
 * Whether a request whose body was hashed before is signed, by the short way. Where no header tells the body's hash, botocore signs it over http and
 * leaves it out over https (auth type `v4-unsigned-body`), which a proxy may have ended.
 */
function isSignedHashed(
  { method, path, query, headers }: HttpRequest,
  { claim, signing, secretAccessKey }: { claim: Claim; signing: Signing; secretAccessKey: string },
): boolean {
  const { bodySha256, unsignedPayload } = signing;
  if (bodySha256 === undefined || claim.expires !== undefined) return false;
  const { region, service, signedHeaders, signedAt } = claim;
  const scope = { secretAccessKey, region, service, date: amzDate(signedAt) };
  const claimed = headers['x-amz-content-sha256'];
  const hashes = claimed ? [claimed] : [bodySha256, ...(unsignedPayload ? [UNSIGNED] : [])];
  return hashes.some((payloadHash) =>
    sameText(signatureOf({ method, path, query, headers, signedHeaders, payloadHash }, scope), claim.signature),
  );
}

/** The signature that the holder of the secret makes of this request. */
async function sign(request: HttpRequest, claim: Claim, secretAccessKey: string): Promise<string> {
  const { accessKeyId, region, service, signedHeaders, signedAt, expires } = claim;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey },
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const names = new Set(signedHeaders);
  const options = { signingDate: new Date(signedAt), signableHeaders: names, unhoistableHeaders: names };
  const unsigned = unsignedRequest(request, signedHeaders);
  if (expires !== undefined) {
    const { query } = await signer.presign(unsigned, { ...options, expiresIn: expires });
    return String(query?.['X-Amz-Signature']);
  }
  const { headers } = await signer.sign(unsigned, options);
  return headers.authorization?.replace(/^.*Signature=/s, '') ?? '';
}

/** The request as it was before it was signed: what the signer adds is left out, so that it can be added again. */
const unsignedRequest = ({ method, path, query, headers, body }: HttpRequest, signedHeaders: readonly string[]) => ({
  method,
  protocol: 'http:',
  hostname: '',
  path,
  query: Object.fromEntries(Object.entries(query).filter(([name]) => !ADDED_BY_SIGNING.has(name))),
  headers: Object.fromEntries(signedHeaders.map((name) => [name, headers[name] ?? ''])),
  body,
});

const ADDED_BY_SIGNING = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
]);

const sameText = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
