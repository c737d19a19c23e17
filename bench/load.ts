import { Agent, request } from 'node:http';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Requests that are ready to be sent. */
export interface Load {
  readonly url: string;
  readonly requests: readonly { readonly headers: Readonly<Record<string, string>>; readonly body: string }[];
}

export interface LoadResult {
  /** Milliseconds of the whole. */
  readonly elapsed: number;
  /** Milliseconds of each request. */
  readonly latencies: readonly number[];
}

/** Callers at once, each with a connection that is kept alive. */
const CALLERS = 8;

/** Sends the requests from a thread of their own, so that the caller's work is not the service's. */
export function runLoad(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load });
    worker.once('message', resolve).once('error', reject);
  });
}

async function send({ url, requests }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const latencies: number[] = [];
  const queue = requests.values();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (const { headers, body } of queue) {
        const sent = performance.now();
        await call(url, { headers, body, agent });
        latencies.push(performance.now() - sent);
      }
    }),
  );
  agent.destroy();
  return { elapsed: performance.now() - start, latencies };
}

function call(url: string, { headers, body, agent }: Load['requests'][number] & { agent: Agent }): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    sent.once('error', reject).end(body);
  });
}

if (parentPort) parentPort.postMessage(await send(workerData as Load));
