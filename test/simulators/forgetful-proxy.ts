import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A way to the service on which the answer to the first attempt of each call is lost: the connection breaks, or a 500 comes instead. What the call did is
 * done. Clients that retry name their attempts by `amz-sdk-invocation-id`.
 */
export async function forgetfulProxy(target: string, lose: 'answer' | 'answer-by-500') {
  const seen = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    const id = String(incoming.headers['amz-sdk-invocation-id']);
    const forwarded = request(target, { method: incoming.method, path: incoming.url, headers: incoming.headers });
    forwarded.on('response', (answer) => {
      if (seen.has(id)) {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      seen.add(id);
      answer.resume().on('end', () => {
        if (lose === 'answer') outgoing.destroy();
        else
          outgoing.writeHead(500, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"InternalError"}');
      });
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
