import { createHash } from 'node:crypto';

/** The algorithms by the names that AWS gives them. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

export const HASH_NAMES = Object.keys(ALGORITHMS);

/** The hash of a text in hexadecimal digits; undefined for an algorithm that there is not. */
export const hashText = (text: string, name: string): string | undefined =>
  Object.hasOwn(ALGORITHMS, name) ? createHash(ALGORITHMS[name]!).update(text).digest('hex') : undefined;
