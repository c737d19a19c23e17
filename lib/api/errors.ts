/**
 * What a caller is told. `type` is the error's name on the wire; `dispatch` turns everything else that is thrown into InternalError.
 * Statuses: modelled errors are 400, server faults 500. Source: SMS model (`fault`), AWS common errors.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** Makes the function that makes one kind of error. */
const error =
  (type: string, status = 400) =>
  (message: string) =>
    new ServiceError(type, message, status);

export const invalidParameter = error('InvalidParameterException');
export const missingRequiredParameter = error('MissingRequiredParameterException');
export const operationNotPermitted = error('OperationNotPermittedException');
export const replicationJobAlreadyExists = error('ReplicationJobAlreadyExistsException');
export const noConnectorsAvailable = error('NoConnectorsAvailableException');
export const serverCannotBeReplicated = error('ServerCannotBeReplicatedException');
export const replicationRunLimitExceeded = error('ReplicationRunLimitExceededException');
export const unauthorizedOperation = error('UnauthorizedOperationException');
export const temporarilyUnavailable = error('TemporarilyUnavailableException', 500);
export const internalError = error('InternalError', 500);

export const replicationJobNotFound = (replicationJobId: string) =>
  error('ReplicationJobNotFoundException')(
    `no replication job ${replicationJobId}; GetReplicationJobs lists those there are`,
  );

// Errors that all AWS JSON services share.
export const unknownOperation = error('UnknownOperationException');
export const serializationFailed = error('SerializationException');
export const requestTooLarge = error('RequestEntityTooLargeException', 413);
export const missingAuthenticationToken = error('MissingAuthenticationTokenException', 403);
export const incompleteSignature = error('IncompleteSignatureException');
export const invalidSignature = error('InvalidSignatureException', 403);
export const unrecognizedClient = error('UnrecognizedClientException', 403);
export const throttled = error('ThrottlingException');
