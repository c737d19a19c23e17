/**
 * What a caller is told. `type` is the error's name on the wire; `dispatch` turns everything else that is thrown into InternalError.
 * Statuses: errors of the model are 400, the service's own faults 500. Source: SMS model (`fault`), SMS API reference (common errors).
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly type: string;
  readonly status: number;
  /** When a further try makes sense; clients of AWS read it from the answer's `Retry-After`. */
  readonly retryAfterSeconds?: number;

  constructor(type: string, message: string, options: { status?: number; retryAfterSeconds?: number } = {}) {
    super(message);
    const { status = 400, retryAfterSeconds } = options;
    this.type = type;
    this.status = status;
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Makes the function that makes one kind of error. */
const error =
  (type: string, status = 400) =>
  (message: string) =>
    new ServiceError(type, message, { status });

export const invalidParameter = error('InvalidParameterException');
export const missingRequiredParameter = error('MissingRequiredParameterException');
export const operationNotPermitted = error('OperationNotPermittedException');
export const replicationJobAlreadyExists = error('ReplicationJobAlreadyExistsException');
export const noConnectorsAvailable = error('NoConnectorsAvailableException');
export const replicationRunLimitExceeded = error('ReplicationRunLimitExceededException');
export const temporarilyUnavailable = error('TemporarilyUnavailableException', 500);

export const replicationJobNotFound = (replicationJobId: string) =>
  error('ReplicationJobNotFoundException')(
    `no replication job ${replicationJobId}; GetReplicationJobs lists those there are`,
  );

// Errors that all AWS JSON services share. They answer these with status 400, where REST services say 403: seen of Kinesis, ECR and Rekognition
// (InvalidSignatureException), ECS and Cognito (UnrecognizedClientException). Source: issues of aws-sdk-js, aws-sdk-php and ecs-cli with raw answers.
export const unknownOperation = error('UnknownOperationException');
export const serializationFailed = error('SerializationException');
export const requestTooLarge = error('RequestEntityTooLargeException', 413);
export const missingAuthenticationToken = error('MissingAuthenticationTokenException');
export const incompleteSignature = error('IncompleteSignatureException');
export const invalidSignature = error('InvalidSignatureException');
export const unrecognizedClient = error('UnrecognizedClientException');
export const accessDenied = error('AccessDeniedException');
/** Of a presigned request whose time is over. Source: SMS API reference, common errors. */
export const requestExpired = error('RequestExpired');
export const notFound = error('NotFoundException', 404);

export const throttled = (message: string, retryAfterSeconds: number) =>
  new ServiceError('ThrottlingException', message, { retryAfterSeconds });
