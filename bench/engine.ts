import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callEngine } from '../lib/engine/api/operations.ts';
import { Engine } from '../lib/engine/engine.ts';
import { hostedInvoke } from '../lib/engine/invoke.ts';
import type { Json } from '../lib/json.ts';
import { openEngineStore } from '../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../lib/local/system-clock.ts';

const LOOPS = 50;

/** Ten Pass states, one after the other. */
const chain = {
  StartAt: 'P0',
  States: Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [
      `P${index}`,
      { Type: 'Pass', ...(index === 9 ? { End: true } : { Next: `P${index + 1}` }) },
    ]),
  ),
};
/** A task and a choice, LOOPS times round. */
const loop = {
  StartAt: 'Count',
  States: {
    Count: { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:000000000000:function:count', Next: 'Enough' },
    Enough: { Type: 'Choice', Choices: [{ Variable: '$.n', NumericLessThan: LOOPS, Next: 'Count' }], Default: 'Done' },
    Done: { Type: 'Succeed' },
  },
};

/** Transitions a second of the engine on a file, every turn on disk before the next. */
export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  const store = openEngineStore(join(folder, 'engine.db'));
  const functions = { count: async (input: Json) => ({ n: ((input as { n?: number }).n ?? 0) + 1 }) };
  const engine = new Engine({
    store,
    clock: systemClock,
    invoke: hostedInvoke(functions),
    newId: randomUUID,
    random: Math.random,
    log: console.error,
  });
  const service = {
    engine,
    store,
    clock: systemClock,
    account: '000000000000',
    region: 'us-east-1',
    newId: randomUUID,
  };
  const call = (operation: string, input: object) =>
    callEngine(operation, input as Json, service) as { stateMachineArn: string };
  const start = (stateMachineArn: string) => call('StartExecution', { stateMachineArn, input: '{}' });
  const create = (name: string, definition: object) =>
    call('CreateStateMachine', { name, definition: JSON.stringify(definition), roleArn: 'r' }).stateMachineArn;

  const chainArn = create('chain', chain);
  const sequential = await rate(async () => {
    for (let count = 0; count < 300; count++) {
      start(chainArn);
      await engine.idle();
    }
    return 300;
  });
  console.log(`  chain of 10 Pass, one execution after the other: ${sequential.toFixed(0)} executions/s`);

  const loopArn = create('loop', loop);
  const transitions = await rate(async () => {
    for (let count = 0; count < 100; count++) start(loopArn);
    await engine.idle();
    return 100 * (2 * LOOPS + 1);
  });
  console.log(`  Task and Choice in a loop, 100 executions at once: ${transitions.toFixed(0)} transitions/s`);
  engine.stop();
  store.close();
  rmSync(folder, { recursive: true });
}

/** Things a second, after one round to warm up. */
async function rate(run: () => Promise<number>): Promise<number> {
  await run();
  const began = performance.now();
  const things = await run();
  return (things / (performance.now() - began)) * 1_000;
}

if (process.argv[1] === import.meta.filename) await bench();
