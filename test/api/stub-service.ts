import { SignatureV4 } from '@smithy/signature-v4';
import { createDispatcher, type DispatchOptions } from '../../lib/api/dispatch.ts';
import type { Handle, HttpRequest } from '../../lib/api/http.ts';
import { Sha256 } from '../../lib/api/sha256.ts';
import { type Implementation, smsApi } from '../../lib/api/sms/api.ts';
import { type Config, DEFAULT_CONFIG } from '../../lib/config.ts';
import type { Services } from '../../lib/ports.ts';

export const KEY = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' };
export const NOW = Date.parse('2026-01-31T12:00:00Z');
export const TARGET = 'AWSServerMigrationService_V2016_10_24';

export interface Stub {
  readonly handle: Handle;
  /** The calls that came through to operations. */
  readonly calls: { operation: string; input: unknown }[];
  readonly logged: Readonly<Record<string, unknown>>[];
}

interface StubOptions {
  /** What operations answer, or throw. */
  readonly run?: Implementation['run'];
  readonly config?: Partial<Config>;
  readonly dispatch?: Partial<DispatchOptions>;
  readonly now?: () => number;
  readonly auth?: 'sigv4' | 'none';
}

/** The whole wire with stub operations behind it, which answer an empty object unless told. */
export function stubService({ run, config, dispatch, now = () => NOW, auth = 'sigv4' }: StubOptions = {}): Stub {
  const calls: Stub['calls'] = [];
  const logged: Readonly<Record<string, unknown>>[] = [];
  const services = { config: { ...DEFAULT_CONFIG, ...config } } as Services;
  const api = smsApi(services, {
    run: async (operation, input, context) => {
      calls.push({ operation, input });
      return run ? run(operation, input, context) : {};
    },
  });
  const keyOf = async (id: string) => (id === KEY.accessKeyId ? KEY : undefined);
  const handle = createDispatcher({
    apis: [api],
    ...(auth === 'none' ? {} : { verifier: { keyOf, now } }),
    newRequestId: () => 'request-1',
    log: (entry) => logged.push(entry),
    ...dispatch,
  });
  return { handle, calls, logged };
}

/** A request of an operation, not signed. */
export function requestOf(operation: string, body: unknown = {}, headers: Record<string, string> = {}): HttpRequest {
  return {
    method: 'POST',
    path: '/',
    query: {},
    headers: {
      host: 'localhost:4599',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${TARGET}.${operation}`,
      ...headers,
    },
    body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  };
}

interface SignOptions {
  readonly at?: number;
  readonly service?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Seconds; then the request is presigned. */
  readonly expiresIn?: number;
}

/** The same request as a client signs it. */
export async function signed(request: HttpRequest, options: SignOptions = {}): Promise<HttpRequest> {
  const { at = NOW, service = 'sms', credentials = KEY, expiresIn } = options;
  const signer = new SignatureV4({ credentials, region: 'us-east-1', service, sha256: Sha256 });
  const unsigned = { ...request, protocol: 'http:', hostname: 'localhost', query: { ...request.query } };
  const result =
    expiresIn === undefined
      ? await signer.sign(unsigned, { signingDate: new Date(at) })
      : await signer.presign(unsigned, { signingDate: new Date(at), expiresIn });
  return { ...request, headers: result.headers, query: { ...(result.query as Record<string, string>) } };
}

/** What a caller sees. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The members of an error's body; other members are there as they come. */
  readonly __type?: string;
  readonly message?: string;
}

export async function ask(handle: Handle, request: HttpRequest): Promise<Answer> {
  const { status, headers, body } = await handle(request);
  const text = body.toString();
  return { ...(text ? JSON.parse(text) : {}), status, headers };
}
