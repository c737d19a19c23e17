import { TransientError } from '../workflows/transient-error.ts';

/** What every client of AWS is made with; the SDK finds what is left out in the environment. */
export interface ClientConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | (() => Promise<object>);
  readonly maxAttempts?: number;
  readonly requestHandler?: object;
}

/** Tries of the SDK, with its own backoff; what still fails then is for the state machines to repeat. */
const MAX_ATTEMPTS = 5;
/** Milliseconds. The SDK waits for ever unless told: connections to AWS have been seen to be cut off without a word. Source: coldsnap, issue 437. */
const TIME_OUTS = { connectionTimeout: 3_000, requestTimeout: 20_000, throwOnRequestTimeout: true } as const;

interface Client {
  readonly middlewareStack: { add(middleware: never, options: never): void };
}

/** A client with time-outs, whose failures that go away by themselves are TransientErrors. */
export function awsClient<C extends Client>(type: new (config: never) => C, config: ClientConfig = {}): C {
  const client = new type({ maxAttempts: MAX_ATTEMPTS, requestHandler: TIME_OUTS, ...config } as never);
  const named =
    (next: (args: unknown) => Promise<unknown>, { commandName }: { commandName?: string }) =>
    (args: unknown) =>
      next(args).catch((error: Failure) => {
        throw isTransient(error)
          ? new TransientError(`${commandName ?? type.name}: ${error.name}: ${error.message}`, { cause: error })
          : error;
      });
  client.middlewareStack.add(
    named as never,
    { step: 'initialize', priority: 'high', name: 'transientErrors' } as never,
  );
  return client;
}

/** Another endpoint than AWS's own is reached by one name, which no bucket stands before. */
export const pathStyle = (config: ClientConfig): ClientConfig & { forcePathStyle: boolean } => ({
  ...config,
  forcePathStyle: Boolean(config.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
});

type Failure = Error & {
  readonly code?: string;
  readonly $retryable?: object;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

/** Names under which services say that it was too much at once, or that they are still at work on the same request. Source: AWS SDKs, retry behaviour. */
const THROTTLES =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded|ProvisionedThroughputExceeded|PriorRequestNotComplete|TransactionInProgress/;
/** Of the connection: it broke, or nobody answered. */
const BROKEN = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'];

function isTransient({ name, code, message, $retryable, $metadata }: Failure): boolean {
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    Boolean($retryable) ||
    status >= 500 ||
    status === 429 ||
    THROTTLES.test(name) ||
    name === 'TimeoutError' ||
    BROKEN.includes(code ?? '') ||
    /socket hang up|TimeoutError/.test(message)
  );
}
