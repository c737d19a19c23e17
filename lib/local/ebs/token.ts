import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Tokens of pages and blocks: a number, a time of expiry in seconds, and the signature of both and of what they are good for, in the alphabet that the
 * model of the EBS direct APIs has (base64, at most 256 characters).
 */
export interface Tokens {
  sign(value: number, expires: number, use: string): string;
  /** The value; undefined when the token was not made here for this use, or its time is over. */
  open(token: string, use: string): number | undefined;
}

const VALUE_BYTES = 8;
/** 128 bits of the HMAC: far more than anyone can try. */
const SIGNATURE_BYTES = 16;

export function tokens(secret: string, now: () => number): Tokens {
  const signed = (value: Buffer, use: string) =>
    createHmac('sha256', secret).update(use).update('\n').update(value).digest().subarray(0, SIGNATURE_BYTES);
  return {
    sign(value, expires, use) {
      const bytes = Buffer.alloc(VALUE_BYTES);
      bytes.writeUInt32BE(value, 0);
      bytes.writeUInt32BE(Math.floor(expires / 1_000), 4);
      return Buffer.concat([bytes, signed(bytes, use)]).toString('base64');
    },
    open(token, use) {
      const bytes = Buffer.from(token, 'base64');
      if (bytes.length !== VALUE_BYTES + SIGNATURE_BYTES || bytes.toString('base64') !== token) return undefined;
      const value = bytes.subarray(0, VALUE_BYTES);
      if (!timingSafeEqual(bytes.subarray(VALUE_BYTES), signed(value, use))) return undefined;
      return value.readUInt32BE(4) * 1_000 >= now() ? value.readUInt32BE(0) : undefined;
    },
  };
}
