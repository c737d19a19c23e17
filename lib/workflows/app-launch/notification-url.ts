import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Services } from '../../ports.ts';

/**
 * Where a launched server says what its validation found: it appends SUCCEEDED or FAILED and posts the end of its output. A server has no access key, and
 * clients that know SMS are gone, so the address itself is the right to report this one validation. It is the same at every launch: user data that
 * changes would restart servers. Undefined where the service does not know how servers reach it.
 */
export const notificationUrl = (
  validationId: string,
  { config: { endpoint }, tokenSecret }: Pick<Services, 'config' | 'tokenSecret'>,
): string | undefined => endpoint && `${endpoint}/validations/${validationId}/${tokenOf(validationId, tokenSecret)}`;

export function isNotificationToken(token: string, validationId: string, tokenSecret: string): boolean {
  const expected = tokenOf(validationId, tokenSecret);
  return token.length === expected.length && timingSafeEqual(Buffer.from(token), Buffer.from(expected));
}

const tokenOf = (validationId: string, tokenSecret: string) =>
  createHmac('sha256', tokenSecret).update(`validation ${validationId}`).digest('hex').slice(0, 40);
