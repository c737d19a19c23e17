import { createHmac, timingSafeEqual } from 'node:crypto';
import { invalidParameter } from './errors.ts';

/** What a token is good for; another operation, or other filters, refuse it. */
export interface TokenContext {
  readonly operation: string;
  readonly filters: Readonly<Record<string, string>>;
}

/** 128 bits of the HMAC: far more than anyone can try against a service. */
const SIGNATURE_BYTES = 16;

/** An opaque token that only its context can open: signature and payload in base64url. */
export function signToken(payload: string, context: TokenContext, secret: string): string {
  return Buffer.concat([signature(payload, context, secret), Buffer.from(payload)]).toString('base64url');
}

/** The payload of a token. Throws InvalidParameter when it was not made here for this context. */
export function openToken(token: string, context: TokenContext, secret: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const payload = bytes.subarray(SIGNATURE_BYTES).toString();
  const signed = bytes.subarray(0, SIGNATURE_BYTES);
  // Decoding skips what is not base64url, so that one page would have many tokens: only the one that was given out counts.
  const isOurs = signed.length === SIGNATURE_BYTES && bytes.toString('base64url') === token;
  if (isOurs && timingSafeEqual(signed, signature(payload, context, secret))) return payload;
  throw invalidParameter(
    `nextToken is not one that ${context.operation} gave for these parameters; start again without it`,
  );
}

/** The filters' order says nothing, so the signature does not depend on it. */
const signature = (payload: string, { operation, filters }: TokenContext, secret: string) =>
  createHmac('sha256', secret)
    .update(JSON.stringify([operation, Object.entries(filters).sort(), payload]))
    .digest()
    .subarray(0, SIGNATURE_BYTES);
