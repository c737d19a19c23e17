import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../engine/engine.ts';
import { hostedInvoke, httpInvoke } from '../engine/invoke.ts';
import type { Json } from '../json.ts';
import { serveEngine } from '../local/engine-server.ts';
import { openEngineStore } from '../local/sqlite-engine-store.ts';
import { systemClock } from '../local/system-clock.ts';
import { type Command, UsageError } from './command.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** The Step Functions API alone, durably, from a folder. Functions are invoked at AWS_ENDPOINT_URL_LAMBDA. */
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
  const store = openEngineStore(join(data, 'engine.db'));
  const lambda = process.env.AWS_ENDPOINT_URL_LAMBDA;
  const log = (entry: object) => void process.stderr.write(`${JSON.stringify(entry, errorsToo)}\n`);
  const served = createEngine({
    store,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    account,
    region,
    invoke: lambda ? httpInvoke(lambda) : hostedInvoke({}),
    putEvents: async (entries) => accepted(entries),
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
  return 0;
}

/** Errors have no members of their own that JSON would show. */
const errorsToo = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);

/** There is no bus here: entries are checked as EventBridge checks them, and dropped. */
function accepted(entries: Json[]): Json {
  const Entries = entries.map((entry) => refusal(entry as Entry) ?? { EventId: randomUUID() });
  return { Entries, FailedEntryCount: Entries.filter((answer) => 'ErrorCode' in answer).length };
}

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
}

function refusal(entry: Entry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const member of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[member]) continue;
    const reason = `Parameter ${member} is not valid. Reason: ${member} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage: reason };
  }
  return isObject(entry.Detail!) ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
