import { gunzipSync } from 'node:zlib';
import type { Json } from '../json.ts';
import { invalidSignature, requestTooLarge, ServiceError, serializationFailed, unknownOperation } from './errors.ts';
import type { Handle, HttpRequest, HttpResponse } from './http.ts';
import { type Verifier, verifySignature } from './signature.ts';

/** An AWS JSON API: `X-Amz-Target: <targetPrefix>.<operation>`. */
export interface JsonApi {
  readonly targetPrefix: string;
  readonly signingName: string;
  readonly jsonVersion: '1.0' | '1.1';
  /** Throws errors that have `type`, `message` and `status`; others become InternalError. Undefined answers an empty object. */
  call(operation: string, input: Json): Promise<unknown>;
}

/** A page that is read with GET. */
export interface Route {
  readonly path: string;
  readonly signingName: string;
  get(query: Readonly<Record<string, string>>): Promise<{ contentType: string; body: string }>;
}

export interface DispatchOptions {
  readonly apis: readonly JsonApi[];
  readonly routes?: readonly Route[];
  /** Absent where callers need not sign. */
  readonly verifier?: Verifier;
  /** Throws ThrottlingException for an access key that asks too often. */
  readonly throttle?: (accessKeyId: string) => void;
  newRequestId(): string;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/** Bytes of a request's body, also once it is unpacked; the largest that SMS has (50 servers' launch settings) is far below. */
export const MAX_BODY = 1_048_576;

/** Handles requests of all these APIs and pages: verifies, finds the API by its header, calls it, and answers as AWS JSON services do. */
export function createDispatcher(options: DispatchOptions): Handle {
  return async (request) => {
    const requestId = options.newRequestId();
    const headers = { 'x-amzn-RequestId': requestId };
    try {
      const answer = await (request.method === 'GET' ? answerRoute(request, options) : answerCall(request, options));
      return { status: 200, headers: { ...headers, 'content-type': answer.contentType }, body: answer.body };
    } catch (error) {
      return errorResponse(error, { headers, options, requestId, target: request.headers['x-amz-target'] });
    }
  };
}

async function answerCall(request: HttpRequest, options: DispatchOptions) {
  const [prefix, operation = ''] = splitTarget(request.headers['x-amz-target']);
  const api = options.apis.find(({ targetPrefix }) => targetPrefix === prefix);
  if (!api || !operation) {
    const known = options.apis.map(({ targetPrefix }) => `${targetPrefix}.<operation>`).join(', ');
    throw unknownOperation(
      `X-Amz-Target ${request.headers['x-amz-target'] ?? 'is missing; it'} names no operation of this endpoint; it serves ${known}`,
    );
  }
  await authenticate(request, api.signingName, options);
  const output = await api.call(operation, parseBody(request));
  return { contentType: `application/x-amz-json-${api.jsonVersion}`, body: JSON.stringify(output ?? {}) };
}

async function answerRoute(request: HttpRequest, options: DispatchOptions) {
  const route = options.routes?.find(({ path }) => path === request.path);
  if (!route) throw new ServiceError('NotFoundException', `there is no page ${request.path}`, 404);
  await authenticate(request, route.signingName, options);
  return route.get(request.query);
}

async function authenticate(request: HttpRequest, signingName: string, { verifier, throttle }: DispatchOptions) {
  if (!verifier) return;
  const accessKeyId = await verifySignature(request, { signingName }, verifier).catch((error) => {
    // Whatever a strange header makes the signer stumble over is the caller's fault.
    throw error instanceof ServiceError
      ? error
      : invalidSignature(`the signature cannot be read: ${(error as Error).message}`);
  });
  throttle?.(accessKeyId);
}

function splitTarget(target = ''): string[] {
  const dot = target.lastIndexOf('.');
  return [target.slice(0, Math.max(0, dot)), target.slice(dot + 1)];
}

function parseBody({ body, headers }: HttpRequest): Json {
  const plain = headers['content-encoding'] === 'gzip' ? unpack(body) : body;
  if (plain.length > MAX_BODY) throw requestTooLarge(`the body has more than ${MAX_BODY} bytes; send less at once`);
  if (plain.length === 0) return {};
  try {
    return JSON.parse(plain.toString('utf8')) as Json;
  } catch (error) {
    throw serializationFailed(`the body is not JSON: ${(error as Error).message}`);
  }
}

function unpack(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw requestTooLarge(`the body has more than ${MAX_BODY} bytes once it is unpacked`);
    throw serializationFailed(`the body is not gzip, as content-encoding says: ${(error as Error).message}`);
  }
}

function errorResponse(
  error: unknown,
  {
    headers,
    options,
    requestId,
    target,
  }: { headers: Record<string, string>; options: DispatchOptions; requestId: string; target: string | undefined },
): HttpResponse {
  const known = isAnswer(error);
  if (!known)
    options.log({
      level: 'error',
      message: 'request failed',
      requestId,
      target,
      error: error instanceof Error ? error.stack : String(error),
    });
  const { type, message, status } = known
    ? error
    : {
        type: 'InternalError',
        message: `the service failed; try again, and report request ${requestId} if it goes on`,
        status: 500,
      };
  return {
    status,
    headers: { ...headers, 'content-type': 'application/x-amz-json-1.1', 'x-amzn-ErrorType': type },
    body: JSON.stringify({ __type: type, message }),
  };
}

const isAnswer = (error: unknown): error is { type: string; message: string; status: number } =>
  error instanceof Error && 'type' in error && 'status' in error && typeof error.status === 'number';
