import { authenticate } from '../../api/dispatch.ts';
import type { Handle, HttpRequest, HttpResponse } from '../../api/http.ts';
import type { Verifier } from '../../api/signature.ts';
import { sha256 } from '../../replication/digest.ts';
import { completeSnapshot } from './complete-snapshot.ts';
import { EbsError, invalid, toEbsError } from './ebs-error.ts';
import type { EbsOperation, Faults } from './faults.ts';
import { getSnapshotBlock, listChangedBlocks, listSnapshotBlocks } from './list-blocks.ts';
import type { EbsServices, Operation } from './operation.ts';
import { putSnapshotBlock } from './put-snapshot-block.ts';
import { startSnapshot } from './start-snapshot.ts';

export interface EbsEndpointOptions extends EbsServices {
  /** Absent where callers need not sign. */
  readonly verifier?: Verifier;
  readonly faults?: Faults;
  newRequestId(): string;
  log(entry: Readonly<Record<string, unknown>>): void;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: EbsOperation;
  /** Of the answer. */
  readonly status: number;
  readonly run: Operation;
}

/** Source: model of the EBS direct APIs, 2019-11-02. */
const ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: /^\/snapshots\/([^/]+)\/blocks\/([^/]+)$/,
    operation: 'PutSnapshotBlock',
    status: 201,
    run: putSnapshotBlock,
  },
  { method: 'POST', path: /^\/snapshots$/, operation: 'StartSnapshot', status: 201, run: startSnapshot },
  {
    method: 'POST',
    path: /^\/snapshots\/completion\/([^/]+)$/,
    operation: 'CompleteSnapshot',
    status: 202,
    run: completeSnapshot,
  },
  {
    method: 'GET',
    path: /^\/snapshots\/([^/]+)\/blocks$/,
    operation: 'ListSnapshotBlocks',
    status: 200,
    run: listSnapshotBlocks,
  },
  {
    method: 'GET',
    path: /^\/snapshots\/([^/]+)\/changedblocks$/,
    operation: 'ListChangedBlocks',
    status: 200,
    run: listChangedBlocks,
  },
  {
    method: 'GET',
    path: /^\/snapshots\/([^/]+)\/blocks\/([^/]+)$/,
    operation: 'GetSnapshotBlock',
    status: 200,
    run: getSnapshotBlock,
  },
];

/** Characters of an error's message. Source: model of the EBS direct APIs. */
const MAX_MESSAGE = 256;

/** Whether a request is for the EBS direct APIs: their paths are nobody else's. */
export const isEbsRequest = ({ path }: HttpRequest) => path === '/snapshots' || path.startsWith('/snapshots/');

/** The EBS direct APIs over a snapshot store: REST and JSON, signed for `ebs`. */
export function ebsEndpoint(options: EbsEndpointOptions): Handle {
  return async (request) => {
    const requestId = options.newRequestId();
    const { status, headers, body } = await answer(request, { options, requestId });
    return { status, headers: { 'x-amzn-RequestId': requestId, ...headers }, body };
  };
}

interface Call {
  readonly options: EbsEndpointOptions;
  readonly requestId: string;
}

async function answer(request: HttpRequest, call: Call): Promise<HttpResponse> {
  try {
    return await run(request, call.options);
  } catch (error) {
    return errorResponse(error, call);
  }
}

async function run(request: HttpRequest, options: EbsEndpointOptions): Promise<HttpResponse> {
  const found = routeOf(request);
  if (!found)
    throw new EbsError(['UnknownOperationException', 404], `${request.method} ${request.path} is no EBS operation`);
  const { route, names } = found;
  const isPut = route.operation === 'PutSnapshotBlock';
  const digest = isPut ? await sha256(request.body) : undefined;
  const signing = {
    signingName: 'ebs',
    ...(digest ? { unsignedPayload: true, bodySha256: digest.toString('hex') } : {}),
  };
  await authenticate(request, signing, options.verifier ? { verifier: options.verifier } : {});
  await fail(route.operation, names[0] ?? '', options.faults);
  const { query, headers, body } = request;
  const output = await route.run({ names, query, headers, body, ...(digest ? { digest } : {}) }, options);
  if (route.operation === 'StartSnapshot') options.faults?.started((output.body as { SnapshotId: string }).SnapshotId);
  return {
    status: route.status,
    headers: { 'content-type': 'application/json', ...output.headers },
    body: Buffer.isBuffer(output.body) ? output.body : output.body === undefined ? '' : JSON.stringify(output.body),
  };
}

function routeOf({ method, path }: HttpRequest): { route: Route; names: string[] } | undefined {
  for (const route of ROUTES) {
    const names = route.method === method ? route.path.exec(path) : null;
    if (names) return { route, names: names.slice(1) };
  }
  return undefined;
}

async function fail(operation: EbsOperation, id: string, faults: Faults | undefined) {
  const fault = faults?.of(operation, id);
  if (fault === 'hang') await new Promise(() => {});
  else if (fault) throw fault;
}

function errorResponse(error: unknown, { options, requestId }: Call): HttpResponse {
  const { type, status, reason, message } = told(error) ?? unexpected(error, { options, requestId });
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-ErrorType': type },
    body: JSON.stringify({
      Message: message.slice(0, MAX_MESSAGE),
      ...(reason === undefined ? {} : { Reason: reason }),
    }),
  };
}

type Told = Pick<EbsError, 'type' | 'status' | 'message' | 'reason'>;

function told(error: unknown): Told | undefined {
  const known = toEbsError(error);
  if (known) return known;
  // What the gate and the parser refuse. REST services answer 403 where the signature is not good; JSON services, whose errors these are, 400.
  if (!(error instanceof Error && 'type' in error && 'status' in error)) return undefined;
  const { type, status, message } = error as Error & { type: string; status: number };
  if (type === 'SerializationException') return invalid('INVALID_PARAMETER_VALUE', message);
  return { type, status: AT_THE_GATE.has(type) ? 403 : status, message };
}

const AT_THE_GATE = new Set([
  'AccessDeniedException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

function unexpected(error: unknown, { options, requestId }: Call): Told {
  options.log({
    level: 'error',
    message: 'an EBS request failed',
    requestId,
    error: error instanceof Error ? error.stack : String(error),
  });
  const message = `the service failed; try again, and report request ${requestId} if it goes on`;
  return { type: 'InternalServerException', status: 500, message };
}
