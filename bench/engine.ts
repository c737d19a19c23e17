/**
 * The engine's speed: `node bench/engine.ts`. Everything on a file database with full durability, unless said. The input has 687 bytes, as in the
 * figures that the design was chosen by.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from '../lib/engine/engine.ts';
import { hostedInvoke } from '../lib/engine/invoke.ts';
import type { Json } from '../lib/json.ts';
import { openEngineStore } from '../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../lib/local/system-clock.ts';

const INPUT = { done: false, round: 0, padding: 'x'.repeat(650) };
const ROLE = 'arn:aws:iam::000000000000:role/engine';
const FN = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

const functions: Record<string, (input: Json) => Promise<Json>> = {
  next: async (input) => {
    const { round, ...rest } = input as { round: number };
    return { ...rest, round: round + 1, done: round + 1 >= 100 };
  },
  identity: async (input) => input,
};

interface Bed {
  readonly engine: Engine;
  readonly folder: string;
  readonly file: string;
  close(): Promise<void>;
}

async function open(folder = mkdtempSync(join(tmpdir(), 'engine-bench-'))): Promise<Bed> {
  const file = join(folder, 'engine.db');
  const store = openEngineStore(file);
  const engine = createEngine({
    store,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    account: '000000000000',
    region: 'us-east-1',
    invoke: hostedInvoke(functions),
    putEvents: async () => ({ Entries: [], FailedEntryCount: 0 }),
    log: (entry) => process.stderr.write(`${JSON.stringify(entry)}\n`),
  });
  await engine.start();
  const close = async () => {
    await engine.stop();
    store.close();
  };
  return { engine, folder, file, close };
}

const CHAIN = {
  StartAt: 'S0',
  States: Object.fromEntries(
    Array.from({ length: 10 }, (_, at) => [
      `S${at}`,
      { Type: 'Pass', ...(at < 9 ? { Next: `S${at + 1}` } : { End: true }) },
    ]),
  ),
};
const LOOP = {
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Resource: FN('next'), Next: 'Done?' },
    'Done?': { Type: 'Choice', Choices: [{ Variable: '$.done', BooleanEquals: true, Next: 'End' }], Default: 'Work' },
    End: { Type: 'Succeed' },
  },
};
const MAP = {
  StartAt: 'Map',
  States: {
    Map: {
      Type: 'Map',
      ItemProcessor: { StartAt: 'Work', States: { Work: { Type: 'Task', Resource: FN('identity'), End: true } } },
      End: true,
    },
  },
};
const DISTRIBUTED = {
  StartAt: 'Map',
  States: {
    Map: {
      Type: 'Map',
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Pass',
        States: { Pass: { Type: 'Pass', End: true } },
      },
      End: true,
    },
  },
};
const PARK = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 86_400, End: true } } };

async function create(engine: Engine, name: string, definition: object): Promise<string> {
  const answer = await engine.call('CreateStateMachine', {
    name,
    definition: JSON.stringify(definition),
    roleArn: ROLE,
  });
  return (answer as { stateMachineArn: string }).stateMachineArn;
}

const start = async (engine: Engine, stateMachineArn: string, input: Json = INPUT) =>
  ((await engine.call('StartExecution', { stateMachineArn, input: JSON.stringify(input) })) as { executionArn: string })
    .executionArn;

async function ended(engine: Engine, executionArn: string) {
  for (;;) {
    const { status } = (await engine.call('DescribeExecution', { executionArn })) as { status: string };
    if (status === 'SUCCEEDED') return;
    if (status !== 'RUNNING') throw new Error(`${executionArn} is ${status}`);
    await engine.idle();
  }
}

const since = (began: number) => (performance.now() - began) / 1_000;
const tell = (what: string, figure: string) => console.log(`${what.padEnd(64)} ${figure}`);

async function chain({ engine }: Bed) {
  const arn = await create(engine, 'chain', CHAIN);
  for (let warm = 0; warm < 100; warm++) await ended(engine, await start(engine, arn));
  const [count, began] = [1_000, performance.now()];
  for (let at = 0; at < count; at++) await ended(engine, await start(engine, arn));
  tell('chain of 10 Pass, one after another', `${Math.round(count / since(began))} executions/s`);
}

async function loop({ engine }: Bed) {
  const arn = await create(engine, 'loop', LOOP);
  await ended(engine, await start(engine, arn));
  const began = performance.now();
  const arns = await Promise.all(Array.from({ length: 100 }, () => start(engine, arn)));
  for (const one of arns) await ended(engine, one);
  tell('loop of Task and Choice, 100 at once', `${Math.round((100 * 200) / since(began))} transitions/s`);
}

async function mapOf1000({ engine }: Bed) {
  const arn = await create(engine, 'map', MAP);
  const items = Array.from({ length: 1_000 }, (_, at) => at);
  await ended(engine, await start(engine, arn, items.slice(0, 100)));
  const began = performance.now();
  await ended(engine, await start(engine, arn, items));
  tell('Map of 1,000 Lambda tasks, 40 at once', `${since(began).toFixed(2)} s`);
}

async function mapOf100000({ engine }: Bed) {
  const arn = await create(engine, 'distributed', DISTRIBUTED);
  const items = Array.from({ length: 100_000 }, () => 1);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 50);
  const began = performance.now();
  await ended(engine, await start(engine, arn, items));
  clearInterval(watch);
  tell(
    'distributed Map of 100,000 items',
    `${since(began).toFixed(1)} s, ${Math.round((most - before) / 1_048_576)} MiB more at most`,
  );
}

async function parked(count: number) {
  const bed = await open();
  const arn = await create(bed.engine, 'park', PARK);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < count; at += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, one) => start(bed.engine, arn, { ...INPUT, at: at + one })));
  globalThis.gc?.();
  const memory = (process.memoryUsage().heapUsed - before) / count;
  await bed.close();
  const disk = statSync(bed.file).size / count;
  const began = performance.now();
  const again = await open(bed.folder);
  const recovered = since(began);
  await again.close();
  rmSync(bed.folder, { recursive: true });
  const sizes = `${(memory / 1_024).toFixed(1)} KiB in memory, ${(disk / 1_024).toFixed(1)} KiB on disk each`;
  tell(`${count.toLocaleString('en')} parked executions`, `${sizes}, recovered in ${recovered.toFixed(2)} s`);
}

/** Prints the figures. */
export async function bench(): Promise<void> {
  const bed = await open();
  for (const part of [chain, loop, mapOf1000, mapOf100000]) await part(bed);
  await bed.close();
  rmSync(bed.folder, { recursive: true });
  await parked(10_000);
  if (process.argv.includes('--long')) await parked(100_000);
}

if (import.meta.filename === process.argv[1]) await bench();
