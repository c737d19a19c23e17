import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Engine } from '../../lib/engine/engine.ts';
import type { EngineStore } from '../../lib/engine/store.ts';
import type { Json } from '../../lib/json.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { bed, engineOn, historyOf, lambda, ROLE } from './support/bed.ts';
import { functions, problemsOf, startAll } from './support/everything.ts';

const COUNT = 2;
const WORKER = join(import.meta.dirname, 'support', 'crash-worker.ts');
let folder: string;
let files = 0;
const newFile = () => join(folder, `${++files}.db`);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

class Crash extends Error {}

interface Life {
  readonly clock: VirtualClock;
  readonly crash?: { readonly when: 'before' | 'after'; readonly at: number };
}

/** Runs the executions until they end, or the store fails at the given commit. */
async function life(file: string, { clock, crash }: Life) {
  const inner = openEngineStore(file, { synchronous: 'NORMAL' });
  let commits = 0;
  let crashed = false;
  const store: EngineStore = {
    ...inner,
    commit(turns) {
      commits++;
      crashed ||= crash?.at === commits;
      if (crashed && crash?.when === 'before') throw new Crash();
      inner.commit(turns);
      if (crashed) throw new Crash();
    },
  };
  const faults: string[] = [];
  const engine: Engine = engineOn({ store, clock, functions: functions(() => engine, faults) });
  await engine.start();
  await startAll(engine, COUNT).catch((error) => {
    if (!crashed) throw error;
  });
  await clock.advance(60_000, () => engine.idle());
  const problems = crashed ? [] : (await Promise.all([0, 1].map((index) => problemsOf(engine, index)))).flat();
  problems.push(...faults);
  await engine.stop();
  inner.close();
  return { crashed, problems };
}

describe('an engine whose process ends at a commit', () => {
  test.each(['before', 'after'] as const)('%s it is on disk, goes on as if nothing had been', async (when) => {
    for (let at = 1; ; at++) {
      const [file, clock] = [newFile(), new VirtualClock()];
      const { crashed } = await life(file, { clock, crash: { when, at } });
      const { problems } = crashed ? await life(file, { clock }) : { problems: [] };
      expect({ at, problems }).toEqual({ at, problems: [] });
      if (crashed) continue;
      expect(at).toBeGreaterThan(10);
      break;
    }
  });

  test('time and again, ends all the same', async () => {
    const [file, clock] = [newFile(), new VirtualClock()];
    for (let round = 0; round < 100; round++) {
      const { crashed, problems } = await life(file, {
        clock,
        crash: { when: round % 2 ? 'before' : 'after', at: 2 },
      });
      if (crashed) continue;
      expect(problems).toEqual([]);
      return;
    }
    throw new Error('the executions never ended');
  });
});

describe('an engine that is killed', () => {
  const work = (file: string, kill: string) =>
    new Promise<string>((resolve) => {
      const worker = spawn(process.execPath, ['--no-warnings', WORKER, file, String(COUNT), kill]);
      let output = '';
      for (const stream of [worker.stdout, worker.stderr])
        stream.on('data', (data) => {
          output += data;
        });
      worker.once('close', (_, signal) => resolve(signal ?? output));
    });

  test('before and after commits, goes on in its next life', async () => {
    const kill = async (at: string) => {
      const file = newFile();
      expect(await work(file, at)).toBe('SIGKILL');
      expect(JSON.parse(await work(file, 'none'))).toMatchObject({ done: true, problems: [] });
    };
    await Promise.all(['before:3', 'after:9'].map(kill));
  });
});

test('an engine that cannot write stops, says so, and answers by an error', async () => {
  const inner = openEngineStore(':memory:');
  const full = () => {
    throw new Error('the disk is full');
  };
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(String(error));
  const engine = engineOn({ store: { ...inner, commit: full }, clock: new VirtualClock() }, { failed });
  await engine.start();
  const definition = JSON.stringify({ StartAt: 'P', States: { P: { Type: 'Pass', End: true } } });
  const machine = (await engine.call('CreateStateMachine', { name: 'm', definition, roleArn: ROLE })) as {
    stateMachineArn: string;
  };
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(engine.call('StartExecution', machine)).rejects.toThrow('the disk is full');
  expect(failures).toEqual(['Error: the disk is full']);
});

test('of two answers to one task that come in one round the first is taken, and the second refused', async () => {
  const refused: string[] = [];
  const all = bed({
    ask: async (input) => {
      const { token } = input as { token: string };
      void (async () => {
        // Once the failure is queued, and before its round: rounds begin after all microtasks.
        for (let turn = 0; turn < 100; turn++) await null;
        await all
          .call('SendTaskSuccess', { taskToken: token, output: '"second"' })
          .catch(({ type }) => refused.push(type));
      })();
      throw new Error('first');
    },
    next: async () => 'next',
  });
  const ask = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Parameters: { FunctionName: lambda('ask'), Payload: { 'token.$': '$$.Task.Token' } },
    Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Next' }],
    End: true,
  };
  const States = { Ask: ask, Next: { Type: 'Task', Resource: lambda('next'), End: true } };
  const executionArn = await all.start(await all.create('m', { StartAt: 'Ask', States }));
  await all.pass(0);
  expect(await all.describe(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '"next"' });
  expect(refused).toEqual(['TaskTimedOut']);
});

describe('a task that others have when the process ends', () => {
  const work = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Parameters: { FunctionName: lambda('ask'), Payload: { 'token.$': '$$.Task.Token' } },
    HeartbeatSeconds: 100,
    End: true,
  };

  /** An engine, its task under way; and what comes after it on the same store. */
  async function handedOver() {
    const [store, clock] = [openEngineStore(':memory:'), new VirtualClock()];
    const tokens: string[] = [];
    const ask = async (input: Json) => tokens.push((input as { token: string }).token);
    const open = () => engineOn({ store, clock, functions: { ask } });
    const first = open();
    await first.start();
    const definition = JSON.stringify({ StartAt: 'Work', States: { Work: work } });
    const machine = (await first.call('CreateStateMachine', { name: 'm', definition, roleArn: ROLE })) as Answer;
    const begun = (await first.call('StartExecution', { stateMachineArn: machine.stateMachineArn! })) as Answer;
    await clock.advance(0, () => first.idle());
    const next = async (engine: Engine, ms: number) => {
      await engine.stop();
      await clock.advance(ms);
      const again = open();
      await again.start();
      await clock.advance(0, () => again.idle());
      return again;
    };
    const executionArn = begun.executionArn!;
    const status = async (engine: Engine) =>
      ((await engine.call('DescribeExecution', { executionArn })) as Answer).status;
    return { first, clock, tokens, next, status, executionArn };
  }
  type Answer = Readonly<Record<string, string>>;

  test('is not handed out again, and its token stays good', async () => {
    const { first, clock, tokens, next, executionArn } = await handedOver();
    const second = await next(first, 10_000);
    await second.call('SendTaskSuccess', { taskToken: tokens[0]!, output: '1' });
    await clock.advance(0, () => second.idle());
    expect(tokens).toHaveLength(1);
    expect((await historyOf(second, executionArn)).map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('has to show itself when it would have had to anyway', async () => {
    const { first, clock, next, status } = await handedOver();
    const second = await next(first, 60_000);
    await clock.advance(39_000, () => second.idle());
    expect(await status(second)).toBe('RUNNING');
    await clock.advance(1_000, () => second.idle());
    expect(await status(second)).toBe('FAILED');
  });

  test('has an interval to show itself when it could not while nothing ran, but not a second one', async () => {
    const { first, clock, next, status } = await handedOver();
    const second = await next(first, 1_000_000);
    await clock.advance(99_000, () => second.idle());
    expect(await status(second)).toBe('RUNNING');
    const third = await next(second, 0);
    await clock.advance(1_000, () => third.idle());
    expect(await status(third)).toBe('FAILED');
  });
});
