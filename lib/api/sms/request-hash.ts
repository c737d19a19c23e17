import { createHash } from 'node:crypto';

/** SHA-256 of a request, the same whatever the order of its members. */
export const requestHash = (input: object): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(input)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
