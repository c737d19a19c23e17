import type { ValidationExceptionReason } from '@aws-sdk/client-ebs';

/** An error of the EBS direct APIs: `{ Message, Reason }` and the header `x-amzn-ErrorType`. */
export class EbsError extends Error {
  override readonly name = 'EbsError';
  readonly type: string;
  readonly status: number;
  readonly reason?: string;

  constructor([type, status]: readonly [type: string, status: number], message: string, reason?: string) {
    super(message);
    this.type = type;
    this.status = status;
    if (reason !== undefined) this.reason = reason;
  }
}

export const invalid = (reason: ValidationExceptionReason, message: string) =>
  new EbsError(['ValidationException', 400], message, reason);

export const snapshotNotFound = (id: string) =>
  new EbsError(['ResourceNotFoundException', 404], `there is no snapshot ${id}`, 'SNAPSHOT_NOT_FOUND');

export const conflict = (message: string) => new EbsError(['ConflictException', 409], message);

export const throttled = (message: string) =>
  new EbsError(['RequestThrottledException', 400], message, 'RESOURCE_LEVEL_THROTTLE');

export const internal = (message: string) => new EbsError(['InternalServerException', 500], message);

/** How the store's refusals are called here. What the operations check first has its own reason. */
const OF_STORE: Readonly<Record<string, (message: string) => EbsError>> = {
  SnapshotSpecError: (message) => invalid('INVALID_PARAMETER_VALUE', message),
  SnapshotTokenError: conflict,
  SnapshotStateError: (message) => invalid('INVALID_SNAPSHOT_ID', message),
  ChecksumMismatchError: (message) => invalid('INVALID_PARAMETER_VALUE', message),
  IncompleteSnapshotError: (message) => invalid('INVALID_PARAMETER_VALUE', message),
  UnrelatedSnapshotsError: (message) => invalid('UNRELATED_SNAPSHOTS', message),
  InvalidBlockError: (message) => invalid('INVALID_BLOCK', message),
};

/** The error as the caller is told it; undefined when it is none of the caller's. */
export function toEbsError(error: unknown): EbsError | undefined {
  if (error instanceof EbsError) return error;
  return error instanceof Error ? OF_STORE[error.name]?.(error.message) : undefined;
}
