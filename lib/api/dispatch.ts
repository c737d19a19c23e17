import type { Json } from '../json.ts';
import { checkSize, parseBody } from './body.ts';
import { compress } from './compress.ts';
import { accessDenied, notFound, unknownOperation } from './errors.ts';
import type { Handle, HttpRequest, HttpResponse } from './http.ts';
import { type Signing, type Verifier, verifySignature } from './signature.ts';

/** Who calls, as far as the request says. */
export interface Caller {
  /** Absent where callers need not sign. */
  readonly accessKeyId?: string;
  /** What SDKs name all attempts of one call by. Source: AWS SDKs and tools reference, retry behavior. */
  readonly invocationId?: string;
  /** Aborted when the caller has gone away. */
  readonly gone?: AbortSignal;
}

/** An AWS JSON API: `X-Amz-Target: <targetPrefix>.<operation>`. */
export interface JsonApi extends Signing {
  readonly targetPrefix: string;
  readonly jsonVersion: '1.0' | '1.1';
  /** Throws errors that have `type`, `message` and `status`; others become InternalError. Undefined answers an empty body. */
  call(operation: string, input: Json, caller?: Caller): Promise<unknown>;
}

/** A page that is read with GET. */
export interface Route extends Signing {
  readonly path: string;
  get(query: Readonly<Record<string, string>>): Promise<{ contentType: string; body: string }>;
}

export interface DispatchOptions {
  readonly apis: readonly JsonApi[];
  readonly routes?: readonly Route[];
  /** Absent where callers need not sign; then only the machine's own names for itself are answered. */
  readonly verifier?: Verifier;
  /** Throws ThrottlingException for an access key that asks too often. */
  readonly throttle?: (accessKeyId: string) => void;
  newRequestId(): string;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/** Handles requests of all these APIs and pages: verifies, finds the API by its header, calls it, and answers as AWS JSON services do. */
export function createDispatcher(options: DispatchOptions): Handle {
  return async (request) => {
    const requestId = options.newRequestId();
    const { verifier } = options;
    const headers = {
      'x-amzn-RequestId': requestId,
      // By the clock that signatures are checked with: SDKs whose clock is wrong set themselves by it and try again.
      ...(verifier ? { date: new Date(verifier.now()).toUTCString() } : {}),
    };
    const { status, headers: more, body } = await answer(request, { ...options, requestId });
    return compress(request, { status, headers: { ...headers, ...more }, body });
  };
}

type Call = DispatchOptions & { readonly requestId: string };

async function answer(request: HttpRequest, call: Call): Promise<HttpResponse> {
  try {
    checkSize(request);
    return await (request.method === 'GET' ? answerRoute(request, call) : answerCall(request, call));
  } catch (error) {
    return errorResponse(error, request, call);
  }
}

async function answerCall(request: HttpRequest, options: DispatchOptions): Promise<HttpResponse> {
  const target = targetOf(request);
  const dot = target.lastIndexOf('.');
  const operation = target.slice(dot + 1);
  const api = options.apis.find(({ targetPrefix }) => dot > 0 && targetPrefix === target.slice(0, dot));
  if (request.method !== 'POST' || !api || !operation) throw unknownTarget(request, options);
  const accessKeyId = await authenticate(request, api, options);
  const invocationId = request.headers['amz-sdk-invocation-id'];
  const caller = {
    ...(accessKeyId ? { accessKeyId } : {}),
    ...(invocationId ? { invocationId } : {}),
    ...(request.gone ? { gone: request.gone } : {}),
  };
  const output = await api.call(operation, parseBody(request), caller);
  return {
    status: 200,
    headers: { 'content-type': `application/x-amz-json-${api.jsonVersion}` },
    body: output === undefined ? '' : JSON.stringify(output),
  };
}

/** Clients that presign may move the header into the query, some in lower case. */
const targetOf = ({ headers, query }: HttpRequest) =>
  headers['x-amz-target'] ?? query['X-Amz-Target'] ?? query['x-amz-target'] ?? '';

function unknownTarget(request: HttpRequest, { apis }: DispatchOptions) {
  const served = apis.map(({ targetPrefix }) => `${targetPrefix}.<operation>`).join(', ');
  const target = targetOf(request).slice(0, 120);
  const problem = target
    ? `X-Amz-Target ${target} names nothing that is served here`
    : 'the header X-Amz-Target is missing';
  return unknownOperation(`${problem}; send POST with X-Amz-Target ${served}`);
}

async function answerRoute(request: HttpRequest, options: DispatchOptions): Promise<HttpResponse> {
  const route = options.routes?.find(({ path }) => path === request.path);
  if (!route) throw notFound(`there is no page ${request.path.slice(0, 120)}; operations are called with POST`);
  await authenticate(request, route, options);
  const { contentType, body } = await route.get(request.query);
  return { status: 200, headers: { 'content-type': contentType }, body };
}

/** Throws unless the request may come in: signed by a key that may call, or, where nobody signs, from this machine. Answers the key; undefined where none need. */
export async function authenticate(
  request: HttpRequest,
  signing: Signing,
  { verifier, throttle }: Pick<DispatchOptions, 'verifier' | 'throttle'>,
): Promise<string | undefined> {
  if (!verifier) {
    refuseForeignHost(request);
    return undefined;
  }
  const { accessKeyId, key } = await verifySignature(request, signing, verifier);
  throttle?.(accessKeyId);
  await key.permit?.(request, signing);
  return accessKeyId;
}

/** Without signatures a web page could reach the service by a name of its own that leads to this machine (DNS rebinding). */
export function refuseForeignHost({ headers }: { readonly headers: { readonly host?: string } }) {
  const name = (headers.host ?? '').replace(/:\d*$/, '').toLowerCase();
  if (/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(name)) return;
  throw accessDenied(
    `without signatures only localhost is answered, not ${name.slice(0, 120) || 'a request without Host'}`,
  );
}

function errorResponse(error: unknown, request: HttpRequest, { requestId, log }: Call): HttpResponse {
  const known = isAnswer(error);
  if (!known)
    log({ level: 'error', message: 'request failed', requestId, target: targetOf(request), error: whole(error) });
  const { type, message, status, retryAfterSeconds } = known ? error : unexpected(requestId);
  return {
    status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-ErrorType': type,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({ __type: type, message }),
  };
}

interface Answer {
  readonly type: string;
  readonly message: string;
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

/** The errors of all APIs have these members, whatever their class. */
const isAnswer = (error: unknown): error is Answer =>
  error instanceof Error &&
  'type' in error &&
  typeof error.type === 'string' &&
  'status' in error &&
  typeof error.status === 'number';

const unexpected = (requestId: string): Answer => ({
  type: 'InternalError',
  message: `the service failed; try again, and report request ${requestId} if it goes on`,
  status: 500,
});

/** With its stack, and those of its causes. */
function whole(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? `${error.stack}` : `${error.stack}\ncaused by ${whole(error.cause)}`;
}
