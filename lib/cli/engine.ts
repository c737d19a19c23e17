import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../engine/engine.ts';
import { hostedInvoke, httpInvoke } from '../engine/invoke.ts';
import { lockFolder } from '../local/data-folder.ts';
import { eventsFile, httpEvents } from '../local/engine-events.ts';
import { serveEngine } from '../local/engine-server.ts';
import { openEngineStore } from '../local/sqlite-engine-store.ts';
import { systemClock } from '../local/system-clock.ts';
import { type Command, UsageError } from './command.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** The Step Functions API alone, durably, from a folder. Functions are invoked at AWS_ENDPOINT_URL_LAMBDA; events go to AWS_ENDPOINT_URL_EVENTBRIDGE, or into a file. */
export const engine: Command = {
  usage:
    'rehost engine --data FOLDER --auth none [--port 4599] [--host 127.0.0.1] [--account 000000000000] [--region us-east-1]',
  options: {
    port: { type: 'string', default: '4599' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string' },
    auth: { type: 'string' },
    account: { type: 'string', default: '000000000000' },
    region: { type: 'string', default: 'us-east-1' },
  },
  async run({ values }) {
    const { data, auth, host, port, account, region } = values as Record<
      'data' | 'auth' | 'host' | 'port' | 'account' | 'region',
      string
    >;
    if (!data) throw new UsageError('--data is required: the folder of what the engine keeps');
    if (auth !== 'none' || !LOOPBACK.includes(host))
      throw new UsageError(`the engine checks no signatures: say --auth none, and keep it on ${LOOPBACK.join(' or ')}`);
    return serveUntilStopped({ data, host, port: Number(port), account, region });
  },
};

async function serveUntilStopped({
  data,
  host,
  port,
  account,
  region,
}: {
  data: string;
  host: string;
  port: number;
  account: string;
  region: string;
}): Promise<number> {
  mkdirSync(data, { recursive: true });
  const lock = lockFolder(data);
  const store = openEngineStore(join(data, 'engine.db'));
  const { AWS_ENDPOINT_URL_LAMBDA: lambda, AWS_ENDPOINT_URL_EVENTBRIDGE: bus } = process.env;
  const log = (entry: object) => void process.stderr.write(`${JSON.stringify(entry, errorsToo)}\n`);
  const served = createEngine({
    store,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    account,
    region,
    invoke: lambda ? httpInvoke(lambda) : hostedInvoke({}),
    putEvents: bus ? httpEvents(bus) : eventsFile(join(data, 'events.jsonl')),
    log,
  });
  await served.start();
  const server = await serveEngine(served, { port, host });
  process.stdout.write(`Step Functions at ${server.url}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  await served.stop();
  store.close();
  lock.close();
  return 0;
}

/** Errors have no members of their own that JSON would show. */
const errorsToo = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);
