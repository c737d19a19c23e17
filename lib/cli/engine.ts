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
import { LOOPBACK, PORT } from './shared-options.ts';

/** The Step Functions API alone, durably, from a folder. Functions are invoked at AWS_ENDPOINT_URL_LAMBDA; events go to AWS_ENDPOINT_URL_EVENTBRIDGE, or into a file. */
export const engine: Command = {
  options: {
    data: { type: 'string', value: 'FOLDER', required: true, text: 'where it keeps state machines and executions' },
    auth: { type: 'string', value: 'none', required: true, text: 'it checks no signatures, and wants that said' },
    port: PORT,
    host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', text: 'the address at which it listens; loopback' },
    account: { type: 'string', value: 'DIGITS', default: '000000000000', text: 'the account that ARNs name' },
    region: { type: 'string', value: 'REGION', default: 'us-east-1', text: 'the region that ARNs name' },
    synchronous: {
      type: 'string',
      value: 'FULL|NORMAL',
      default: 'FULL',
      text: 'what is written survives a loss of power, or (faster) only the end of the process',
    },
    'retention-days': {
      type: 'string',
      value: 'DAYS',
      default: '90',
      text: 'how long executions that have ended are kept',
    },
  },
  notes: [
    'Lambda functions are invoked at AWS_ENDPOINT_URL_LAMBDA. Events go to AWS_ENDPOINT_URL_EVENTBRIDGE, or without it into events.jsonl in the folder. docs/engine.md tells the rest.',
  ],
  examples: [{ line: 'rehost engine --data .engine --auth none' }],
  async run({ values }) {
    return serveUntilStopped(checked(values as Record<string, string>));
  },
};

type Durability = 'FULL' | 'NORMAL';

interface Settings {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly account: string;
  readonly region: string;
  readonly synchronous: Durability;
  readonly retentionDays: number;
}

function checked(values: Readonly<Record<string, string>>): Settings {
  const { data, auth, host, account, region, synchronous, port, 'retention-days': days } = values;
  if (auth !== 'none' || !LOOPBACK.includes(host!))
    throw new UsageError(`the engine checks no signatures: say --auth none, and keep it on ${LOOPBACK.join(' or ')}`);
  if (!/^\d{1,5}$/.test(port!) || Number(port) > 65_535) throw new UsageError(`--port ${port}: give a port, or 0`);
  if (!/^\d{12}$/.test(account!)) throw new UsageError(`--account ${account}: give twelve digits`);
  if (synchronous !== 'FULL' && synchronous !== 'NORMAL')
    throw new UsageError(
      `--synchronous ${synchronous}: FULL survives a loss of power, NORMAL only the end of the process`,
    );
  if (!(Number(days) > 0))
    throw new UsageError(`--retention-days ${days}: give the days for which ended executions are kept`);
  return {
    data: data!,
    host: host!,
    port: Number(port),
    account: account!,
    region: region!,
    synchronous,
    retentionDays: Number(days),
  };
}

async function serveUntilStopped(settings: Settings): Promise<number> {
  const { data, host, port, account, region, synchronous, retentionDays } = settings;
  mkdirSync(data, { recursive: true });
  const lock = lockFolder(data);
  const store = openEngineStore(join(data, 'engine.db'), { synchronous });
  const { AWS_ENDPOINT_URL_LAMBDA: lambda, AWS_ENDPOINT_URL_EVENTBRIDGE: bus } = process.env;
  const log = (entry: object) => void process.stderr.write(`${JSON.stringify(entry, errorsToo)}\n`);
  const { promise: end, resolve: ended } = Promise.withResolvers<number>();
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
    failed: () => ended(1),
    limits: { retention: retentionDays * 86_400_000 },
  });
  await served.start();
  const server = await serveEngine(served, { port, host });
  process.stdout.write(`Step Functions at ${server.url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended(0));
  const status = await end;
  await server.close();
  await served.stop();
  store.close();
  lock.close();
  return status;
}

/** Errors have no members of their own that JSON would show. */
const errorsToo = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);
