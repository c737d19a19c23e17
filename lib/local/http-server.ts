import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAX_BODY } from '../api/dispatch.ts';
import type { Handle, HttpRequest } from '../api/http.ts';

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the handler on HTTP/1.1 with keep-alive. Port 0 takes a free one. */
export async function serve(handle: Handle, { host, port }: { host: string; port: number }): Promise<HttpServer> {
  const server = createServer(async (incoming, outgoing) => {
    try {
      const { status, headers, body } = await handle(await readRequest(incoming));
      outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    } catch {
      // The caller went away in the middle of its request: there is nobody to answer.
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Calls under way get a moment; then their connections are cut.
        setTimeout(() => server.closeAllConnections(), 500).unref();
      }),
  };
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    // One byte too many is enough for the dispatcher to refuse it; the rest is read and dropped, so that the caller gets the answer.
    if (length <= MAX_BODY + chunk.length) chunks.push(chunk);
  }
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost');
  return {
    method: incoming.method ?? 'GET',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    ),
    body: Buffer.concat(chunks),
  };
}
