import type { Json } from '../json.ts';

/** What Lambda's Invoke API answers. */
export interface InvokeResult {
  readonly payload: Json;
  readonly statusCode: number;
  readonly executedVersion: string;
}

export interface InvokeOptions {
  readonly qualifier?: string;
  readonly invocationType?: string;
  /** The execution's, which Step Functions hands on to what its tasks call. */
  readonly traceHeader?: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal?: AbortSignal;
}

/** Runs a Lambda function. Throws InvokeError with the error's name as Step Functions would see it. */
export type Invoke = (functionArn: string, payload: Json, options: InvokeOptions) => Promise<InvokeResult>;

/** An invocation that failed: the message is the cause, for a function's own error the JSON text that Lambda answers with. */
export class InvokeError extends Error {
  override readonly name = 'InvokeError';
  readonly error: string;

  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

const nameOf = (functionArn: string) => functionArn.split(':function:').at(-1)!.split(':')[0]!;

const notFound = (functionArn: string) =>
  new InvokeError(
    'Lambda.ResourceNotFoundException',
    `Function not found: ${functionArn} (Service: Lambda, Status Code: 404)`,
  );

/** Functions that this process hosts, by name; others are invoked elsewhere, or do not exist. */
export function hostedInvoke(
  functions: Readonly<Record<string, (input: Json) => Promise<Json>>>,
  fallback?: Invoke,
): Invoke {
  return async (functionArn, payload, options) => {
    const name = nameOf(functionArn);
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (!run && fallback) return fallback(functionArn, payload, options);
    if (!run) throw notFound(functionArn);
    // A function gets JSON and answers JSON, as it would over the wire: nothing is shared with the engine.
    const running = run(asJson(payload));
    if (options.invocationType === 'Event') {
      running.catch(() => {});
      return { payload: '', statusCode: 202, executedVersion: '$LATEST' };
    }
    return { payload: asJson(await running.catch(rethrown)), statusCode: 200, executedVersion: '$LATEST' };
  };
}

/** What Lambda's Node runtime makes of a thrown error. */
function rethrown(error: unknown): never {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const body = { errorType: name, errorMessage: message, trace: stack?.split('\n') ?? [] };
  throw new InvokeError(name, JSON.stringify(body));
}

const asJson = (value: Json | undefined): Json =>
  value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);

/** The Lambda Invoke API at this endpoint. */
export function httpInvoke(endpoint: string): Invoke {
  return async (functionArn, payload, { qualifier, invocationType, traceHeader, signal }) => {
    const query = qualifier === undefined ? '' : `?Qualifier=${encodeURIComponent(qualifier)}`;
    const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations${query}`;
    const response = await fetch(endpoint.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-amz-invocation-type': invocationType ?? 'RequestResponse',
        ...(traceHeader === undefined ? {} : { 'x-amzn-trace-id': traceHeader }),
      },
      body: JSON.stringify(payload),
      ...(signal ? { signal } : {}),
    }).catch((error: Error) => {
      throw new InvokeError('Lambda.SdkClientException', `${error.message}: ${endpoint}`);
    });
    return answerOf(response, await response.text());
  };
}

function answerOf({ status, headers }: Response, text: string): InvokeResult {
  if (status >= 300) throw refusalOf({ status, headers }, text);
  if (headers.has('x-amz-function-error')) {
    const { errorType = 'Error' } = parsed(text) as { errorType?: string };
    throw new InvokeError(errorType, text);
  }
  const executedVersion = headers.get('x-amz-executed-version') ?? '$LATEST';
  return { payload: text === '' ? '' : parsed(text), statusCode: status, executedVersion };
}

/** Errors of Lambda itself, by the names that Step Functions gives them. */
function refusalOf({ status, headers }: Pick<Response, 'status' | 'headers'>, text: string): InvokeError {
  const requestId = headers.get('x-amzn-requestid') ?? '';
  const { Message, message = Message } = objectIn(text) as { Message?: string; message?: string };
  const type = headers.get('x-amzn-errortype')?.split(':')[0];
  const cause = `${message ?? text} (Service: Lambda, Status Code: ${status}, Request ID: ${requestId})`;
  if (type === 'ServiceException' || status >= 500) return new InvokeError('Lambda.ServiceException', cause);
  return new InvokeError(type ? `Lambda.${type}` : 'Lambda.AWSLambdaException', cause);
}

function objectIn(text: string): object {
  const value = text.startsWith('{') ? parsed(text) : {};
  return value as object;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new InvokeError('Lambda.AWSLambdaException', `the function answered what is not JSON: ${text.slice(0, 200)}`);
  }
}
