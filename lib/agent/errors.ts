import { DisassociatedError, LeaseLostError, SNAPSHOT_ERRORS } from '../messages.ts';

/** The service did not answer: it may be starting anew. What was sent may have been taken. */
export class ServiceUnreachableError extends Error {
  override readonly name = 'ServiceUnreachableError';
}

/** Types by which the service says that it does not know the connector. Source: lib/api/errors.ts. */
const UNKNOWN = ['AccessDeniedException', 'UnrecognizedClientException'];

/** What the service's refusal means to a connector; other errors stay as they are. */
export function told(error: unknown): unknown {
  const { type, message, status } = error as { type?: string; message: string; status?: number };
  if (type === 'LeaseLostException') return new LeaseLostError(message);
  if (type !== undefined && SNAPSHOT_ERRORS.includes(type)) return Object.assign(new Error(message), { name: type });
  if (type !== undefined && UNKNOWN.includes(type)) return new DisassociatedError(message);
  if ((status !== undefined && status >= 500) || type === 'ThrottlingException')
    return new ServiceUnreachableError(message, { cause: error });
  return error;
}

/** Failures that go away by themselves: the copy goes on where it was. */
const OUTAGES = ['ServiceUnreachableError', 'BlockBrokenError', 'TransientError'];
export const isOutage = (error: unknown) =>
  error instanceof Error &&
  // A block that was signed with a key just before it was rotated; the next message tells whether it was that.
  (OUTAGES.includes(error.name) || (error as { type?: string }).type === 'UnrecognizedClientException');
