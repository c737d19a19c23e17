/** QEMU, or what says that it is QEMU, answered with something else than its schema says. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const unexpected = (what: string, value: unknown) =>
  new UnexpectedAnswerError(`QEMU answers ${what} with ${JSON.stringify(value)?.slice(0, 80)}`);

export function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw unexpected(what, value);
}

/** Of records. */
export function listOf(value: unknown, what: string): Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw unexpected(what, value);
}

export function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw unexpected(what, value);
}

export function bytesOf(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw unexpected(what, value);
}
