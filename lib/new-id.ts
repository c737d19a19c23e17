import { randomBytes } from 'node:crypto';

/** A new id as AWS's are: the prefix and random hexadecimal digits, `app-0123…`. */
export const newId = (prefix: string, hexDigits: number): string =>
  `${prefix}-${randomBytes(Math.ceil(hexDigits / 2))
    .toString('hex')
    .slice(0, hexDigits)}`;
