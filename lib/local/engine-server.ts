import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuseForeignHost } from '../api/dispatch.ts';
import { ServiceError } from '../api/errors.ts';
import { ApiError } from '../engine/api-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Json } from '../json.ts';
import { goneOf } from './http-server.ts';

/** Bytes that a request may have: a definition of 1 MiB, escaped, and what goes with it. */
const MAX_BODY = 4 * 1_048_576;
const STARTS = ['StartExecution', 'StartSyncExecution'];
const TARGET = /^AWSStepFunctions\.(\w+)$/;

export interface EngineServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The Step Functions API alone, over AWS JSON 1.0, without authentication. */
export async function serveEngine(
  engine: Engine,
  { port, host = '127.0.0.1' }: { port: number; host?: string },
): Promise<EngineServer> {
  const server = createServer((request, response) => void respond(engine, request, response));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(engine: Engine, request: IncomingMessage, response: ServerResponse) {
  const { status, body } = await answer(engine, request, goneOf(response));
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() });
  response.end(body);
}

async function answer(
  engine: Engine,
  request: IncomingMessage,
  gone: AbortSignal,
): Promise<{ status: number; body: string }> {
  try {
    refuseForeignHost(request);
    const operation = TARGET.exec(String(request.headers['x-amz-target'] ?? ''))?.[1];
    if (!operation)
      throw new ApiError('UnknownOperationException', 'X-Amz-Target names no operation of AWSStepFunctions');
    const read = parsed(await bodyOf(request));
    const input = STARTS.includes(operation) ? traced(read, request) : read;
    return { status: 200, body: JSON.stringify(await engine.call(operation, input, { gone })) };
  } catch (error) {
    const { type, status, message } = known(error);
    return { status, body: JSON.stringify({ __type: type, message }) };
  }
}

/** An execution's trace is that of the header before that of the body. Source: Step Functions API, StartExecution. */
const traced = (input: Json, { headers: { 'x-amzn-trace-id': traceHeader } }: IncomingMessage): Json =>
  typeof traceHeader === 'string' && typeof input === 'object' ? { ...input, traceHeader } : input;

const known = (error: unknown) =>
  error instanceof ApiError || error instanceof ServiceError
    ? error
    : { type: 'InternalFailure', status: 500, message: String(error) };

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new ApiError('SerializationException', `the body has more than ${MAX_BODY} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): Json {
  try {
    return text === '' ? {} : (JSON.parse(text) as Json);
  } catch {
    throw new ApiError('SerializationException', 'the body is not JSON');
  }
}
