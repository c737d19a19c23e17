import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAX_BODY } from '../api/body.ts';
import type { Handle, HttpRequest, HttpResponse } from '../api/http.ts';
import { Buffers } from '../replication/buffers.ts';
import { BLOCK_SIZE } from '../snapshots.ts';
import { spentMemory } from './spent-memory.ts';

export interface HttpServer {
  readonly url: string;
  /** Takes no more requests, and resolves once those under way are answered or their time is over. */
  close(): Promise<void>;
}

/** Milliseconds that a request may take to arrive, so that slow senders hold nothing for long. */
const ARRIVAL = 30_000;
/** Milliseconds that an idle connection is kept: longer than clients keep theirs, so that none sends into one that was just closed. */
const KEEP_ALIVE = 75_000;
/** Milliseconds that calls under way get when the server closes. */
const GRACE = 500;
/** Bytes of an oversized body that are read and dropped, so that the caller gets to read the answer; then the connection is cut. */
const MAX_DROPPED = 16 * MAX_BODY;

/** Serves the handler on HTTP/1.1 with keep-alive. Port 0 takes a free one. */
export async function serve(handle: Handle, { host, port }: { host: string; port: number }): Promise<HttpServer> {
  const server = createServer({ requestTimeout: ARRIVAL, headersTimeout: ARRIVAL, keepAliveTimeout: KEEP_ALIVE });
  const blocks = new Buffers(BLOCK_SIZE);
  server.on('request', (incoming, outgoing) => {
    const block = isBlock(incoming) ? blocks.take() : undefined;
    readRequest(incoming, { outgoing, ...(block ? { block } : {}) })
      .then(handle)
      .then((response) => send(response, outgoing, server))
      // The caller went away in the middle of its request, or sends without end: there is nobody to answer.
      .catch(() => outgoing.destroy())
      .finally(() => block && blocks.give(block));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () => close(server),
  };
}

function send({ status, headers, body }: HttpResponse, outgoing: ServerResponse, server: Server) {
  const last = server.listening ? {} : { connection: 'close' };
  outgoing.writeHead(status, { ...headers, ...last, 'content-length': Buffer.byteLength(body) }).end(body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Aborted when the connection ends before the answer has been sent. */
export function goneOf(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const isGone = () => !outgoing.writableFinished;
  if (outgoing.closed && isGone()) controller.abort();
  outgoing.once('close', () => {
    if (isGone()) controller.abort();
  });
  return controller.signal;
}

/** Whether the body is a block of a snapshot. Blocks come by the thousand: their buffers are used again, and are such as can be hashed in a thread. */
const isBlock = ({ headers }: IncomingMessage) => headers['content-length'] === `${BLOCK_SIZE}`;

async function readRequest(
  incoming: IncomingMessage,
  { outgoing, block }: { outgoing: ServerResponse; block?: Buffer },
): Promise<HttpRequest> {
  const body = await (block ? readBlock(incoming, block) : readBody(incoming));
  let gone: AbortSignal | undefined;
  return {
    method: incoming.method ?? 'GET',
    ...splitTarget(incoming.url ?? '/'),
    headers: headersOf(incoming),
    body,
    // Made when it is asked for: few wait for anything, and blocks come by the thousand.
    get gone() {
      gone ??= goneOf(outgoing);
      return gone;
    },
  };
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(incoming.headers))
    headers[name] = typeof value === 'string' ? value : value.join(',');
  return headers;
}

/** One chunk over the limit is kept, by which the dispatcher sees that there is too much. */
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (length <= MAX_BODY) chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_DROPPED) throw new Error('the body does not end');
  }
  return Buffer.concat(chunks);
}

function readBlock(incoming: IncomingMessage, into: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let length = 0;
    const spent = spentMemory();
    incoming.on('data', (chunk: Buffer) => {
      // Not `copy`, which goes byte by byte into shared memory and takes 17 times as long.
      into.fill(chunk, length, length + chunk.length);
      length += chunk.length;
      spent.add(chunk);
    });
    incoming.once('end', () => {
      spent.free();
      resolve(into.subarray(0, length));
    });
    incoming.once('error', reject);
    incoming.once('close', () => {
      if (!incoming.readableEnded) reject(new Error('the caller went away'));
    });
  });
}

/** Path and query of a request target, the path as it was sent. A proxy's target is a whole URL. */
function splitTarget(target: string): Pick<HttpRequest, 'path' | 'query'> {
  const own = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '');
  const end = own.indexOf('?');
  if (end < 0) return { path: own || '/', query: {} };
  return { path: own.slice(0, end) || '/', query: Object.fromEntries(new URLSearchParams(own.slice(end + 1))) };
}
