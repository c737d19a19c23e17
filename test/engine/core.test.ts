import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createEngine } from '../../lib/engine/engine.ts';
import { hostedInvoke } from '../../lib/engine/invoke.ts';
import type { Json } from '../../lib/json.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';

type Functions = Record<string, (input: Json) => Promise<Json>>;
const fn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const invoke = (name: string, more: object = {}) => ({ Type: 'Task', Resource: fn(name), ...more });
class Flaky extends Error {
  override readonly name = 'Flaky';
}

/** An engine of its own, on a clock that is moved by hand. */
function engineWith(functions: Functions, { store = openEngineStore(':memory:'), clock = new VirtualClock() } = {}) {
  const newId = () => randomUUID();
  const engine = createEngine({
    store,
    clock,
    invoke: hostedInvoke(functions),
    newId,
    random: () => 0.5,
    account: '000000000000',
    region: 'us-east-1',
    putEvents: async () => ({}),
    log: () => {},
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API, looked into by the tests
  const call = (operation: string, input: object): Promise<any> => engine.call(operation, input as Json);
  return { engine, clock, store, call, pass: (ms: number) => clock.advance(ms, () => engine.idle()) };
}

/** Runs a definition to its end, whatever time it takes. */
async function run(
  definition: object,
  { functions = {}, input = {}, ms = 3_600_000 }: { functions?: Functions; input?: Json; ms?: number } = {},
) {
  const { call, pass } = engineWith(functions);
  const { stateMachineArn } = await call('CreateStateMachine', {
    name: 'm',
    definition: JSON.stringify(definition),
    roleArn: 'arn:aws:iam::000000000000:role/r',
  });
  const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'e', input: JSON.stringify(input) });
  await pass(ms);
  const { status, output, error, cause } = await call('DescribeExecution', { executionArn });
  const { events } = (await call('GetExecutionHistory', { executionArn, maxResults: 1000 })) as {
    events: { id: number; previousEventId: number; type: string }[];
  };
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  return {
    status,
    output: output === undefined ? undefined : (JSON.parse(output) as Json),
    error,
    cause,
    types: events.map(({ type }) => type),
  };
}
const machine = (states: Record<string, object>) => ({ StartAt: Object.keys(states)[0], States: states });

describe('data flow', () => {
  test.each<[string, object, Json, Json]>([
    [
      'Result and ResultPath',
      { Type: 'Pass', Result: 1, ResultPath: '$.a.b', End: true },
      { x: 2 },
      { x: 2, a: { b: 1 } },
    ],
    [
      'Parameters with paths and context',
      { Type: 'Pass', Parameters: { 'n.$': '$.x', 'e.$': '$$.Execution.Name' }, End: true },
      { x: 2 },
      { n: 2, e: 'e' },
    ],
    ['InputPath and OutputPath', { Type: 'Pass', InputPath: '$.a', OutputPath: '$.b', End: true }, { a: { b: 3 } }, 3],
    ['ResultPath null', { Type: 'Pass', Result: 1, ResultPath: null, End: true }, { x: 2 }, { x: 2 }],
    [
      'intrinsic functions',
      { Type: 'Pass', Parameters: { 'f.$': "States.Format('{}-{}', $.x, States.ArrayLength($.l))" }, End: true },
      { x: 'a', l: [1, 2] },
      { f: 'a-2' },
    ],
    [
      'a wildcard path',
      { Type: 'Pass', Parameters: { 'all.$': '$.l[*].n' }, End: true },
      { l: [{ n: 1 }, { n: 2 }] },
      { all: [1, 2] },
    ],
  ])('of a Pass state: %s', async (_, state, input, output) => {
    expect(await run(machine({ P: state }), { input })).toMatchObject({ status: 'SUCCEEDED', output });
  });

  test.each([
    [{ Variable: '$.x', IsPresent: false }, {}, 'Yes'],
    [{ Variable: '$.x', IsPresent: false }, { x: null }, 'No'],
    [{ Variable: '$.x', NumericGreaterThan: 3 }, { x: 4 }, 'Yes'],
    [{ Variable: '$.x', StringMatches: 'a*c' }, { x: 'abbc' }, 'Yes'],
    [
      { And: [{ Variable: '$.x', IsNumeric: true }, { Not: { Variable: '$.x', NumericEqualsPath: '$.y' } }] },
      { x: 1, y: 2 },
      'Yes',
    ],
    [{ Variable: '$.x', TimestampLessThan: '2026-01-01T00:00:00Z' }, { x: '2025-12-31T23:59:59Z' }, 'Yes'],
    [{ Variable: '$.x', StringEquals: 'a' }, { x: 1 }, 'No'],
  ])('Choice %j of %j is %s', async (rule, input, expected) => {
    const end = (text: string) => ({ Type: 'Pass', Result: text, End: true });
    const states = {
      C: { Type: 'Choice', Choices: [{ ...rule, Next: 'Y' }], Default: 'N' },
      Y: end('Yes'),
      N: end('No'),
    };
    expect((await run(machine(states), { input: input as Json })).output).toBe(expected);
  });

  test('Choice without a rule that holds fails by name', async () => {
    const states = {
      C: { Type: 'Choice', Choices: [{ Variable: '$.x', BooleanEquals: true, Next: 'S' }] },
      S: { Type: 'Succeed' },
    };
    expect(await run(machine(states), { input: { x: false } })).toMatchObject({
      status: 'FAILED',
      error: 'States.NoChoiceMatched',
    });
  });
});

describe('tasks', () => {
  test('answer their output, with AWS’s events', async () => {
    const { output, types } = await run(machine({ T: invoke('double', { End: true }) }), {
      functions: { double: async (n) => (n as number) * 2 },
      input: 21,
    });
    expect(output).toBe(42);
    expect(types).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('are tried again as Retry says, then caught', async () => {
    let calls = 0;
    const Retry = [{ ErrorEquals: ['Flaky'], IntervalSeconds: 10, BackoffRate: 3, MaxAttempts: 2 }];
    const Catch = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'C' }];
    const functions = {
      async flaky() {
        calls++;
        throw new Flaky('no luck');
      },
    };
    const states = {
      T: invoke('flaky', { Retry, Catch, End: true }),
      C: { Type: 'Pass', Parameters: { 'error.$': '$.failure.Error' }, End: true },
    };
    const early = await run(machine(states), { functions, ms: 39_000 });
    expect([early.status, calls]).toEqual(['RUNNING', 2]);
    calls = 0;
    expect(await run(machine(states), { functions, ms: 41_000 })).toMatchObject({
      status: 'SUCCEEDED',
      output: { error: 'Flaky' },
    });
    expect(calls).toBe(3);
  });

  test('fail the execution with the function’s error', async () => {
    const functions = { bad: async () => Promise.reject(new Flaky('no luck')) };
    const { status, error, cause } = await run(machine({ T: invoke('bad', { End: true }) }), { functions });
    expect([status, error, JSON.parse(cause).errorMessage]).toEqual(['FAILED', 'Flaky', 'no luck']);
  });

  test('time out', async () => {
    const functions = { slow: () => new Promise<Json>(() => {}) };
    const { call, clock } = engineWith(functions);
    const definition = JSON.stringify(machine({ T: invoke('slow', { TimeoutSeconds: 60, End: true }) }));
    const { stateMachineArn } = await call('CreateStateMachine', {
      name: 'm',
      definition,
      roleArn: 'arn:aws:iam::000000000000:role/r',
    });
    const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'e' });
    await clock.advance(61_000);
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({
      status: 'FAILED',
      error: 'States.Timeout',
    });
  });

  describe('by task token', () => {
    const token: { value: string } = { value: '' };
    const functions: Functions = {
      async ask(input) {
        token.value = (input as { token: string }).token;
        return null;
      },
    };
    const state = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      HeartbeatSeconds: 30,
      Parameters: { FunctionName: 'ask', Payload: { 'token.$': '$$.Task.Token' } },
      End: true,
    };
    async function begun() {
      const all = engineWith(functions);
      const { stateMachineArn } = await all.call('CreateStateMachine', {
        name: 'm',
        definition: JSON.stringify(machine({ T: state })),
        roleArn: 'r',
      });
      const { executionArn } = await all.call('StartExecution', { stateMachineArn, name: 'e' });
      await all.pass(0);
      return { ...all, executionArn, describe: () => all.call('DescribeExecution', { executionArn }) };
    }

    test('end with what is sent, once', async () => {
      const { call, pass, describe: look } = await begun();
      await call('SendTaskSuccess', { taskToken: token.value, output: '{"ok":true}' });
      await pass(0);
      expect(await look()).toMatchObject({ status: 'SUCCEEDED', output: '{"ok":true}' });
      await expect(call('SendTaskSuccess', { taskToken: token.value, output: '1' })).rejects.toThrow('Task Timed Out');
    });

    test('live by heartbeats, and fail without', async () => {
      const { call, pass, describe: look } = await begun();
      for (let beat = 0; beat < 5; beat++) {
        await pass(25_000);
        await call('SendTaskHeartbeat', { taskToken: token.value });
      }
      expect((await look()).status).toBe('RUNNING');
      await pass(31_000);
      expect(await look()).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    });
  });
});

describe('Map and Parallel', () => {
  const ItemProcessor = machine({ D: invoke('double', { End: true }) });
  const double = async (n: Json) => (n as number) * 2;

  test('a Map keeps the order of its items, and runs no more than MaxConcurrency at once', async () => {
    let now = 0;
    let most = 0;
    const functions = {
      async double(n: Json) {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        return double(n);
      },
    };
    const items = Array.from({ length: 100 }, (_, index) => index);
    const { output } = await run(machine({ M: { Type: 'Map', MaxConcurrency: 7, ItemProcessor, End: true } }), {
      functions,
      input: items,
    });
    expect(output).toEqual(items.map((n) => n * 2));
    expect(most).toBe(7);
  });

  test('a Parallel collects its branches; one that fails takes the others with it', async () => {
    const wait = machine({ W: { Type: 'Wait', Seconds: 60, End: true } });
    const good = { Type: 'Parallel', Branches: [ItemProcessor, wait], End: true };
    expect((await run(machine({ P: good }), { functions: { double }, input: 4 })).output).toEqual([8, 4]);
    const bad = {
      Type: 'Parallel',
      Branches: [machine({ F: { Type: 'Fail', Error: 'Broken', Cause: 'it is' } }), wait],
      End: true,
    };
    expect(await run(machine({ P: bad }), { ms: 1_000 })).toMatchObject({
      status: 'FAILED',
      error: 'Broken',
      cause: 'it is',
    });
  });
});

test('a Wait of a month is a timer, not a process', async () => {
  const definition = machine({ W: { Type: 'Wait', Seconds: 30 * 86_400, End: true } });
  expect((await run(definition, { ms: 29 * 86_400_000 })).status).toBe('RUNNING');
  expect((await run(definition, { ms: 31 * 86_400_000 })).status).toBe('SUCCEEDED');
});

test('an engine that is started anew goes on where the last one ended, and drops results of the last', async () => {
  let release = () => {};
  let calls = 0;
  const slow = () => {
    calls++;
    return new Promise<Json>((resolve) => {
      release = () => resolve('late');
    });
  };
  const first = engineWith({ slow });
  const states = { W: { Type: 'Wait', Seconds: 10, Next: 'T' }, T: invoke('slow', { End: true }) };
  const { stateMachineArn } = await first.call('CreateStateMachine', {
    name: 'm',
    definition: JSON.stringify(machine(states)),
    roleArn: 'r',
  });
  const { executionArn } = await first.call('StartExecution', { stateMachineArn, name: 'e' });
  await first.clock.advance(11_000);
  await first.engine.stop();

  const second = engineWith({ slow: async () => 'again' }, { store: first.store, clock: first.clock });
  await second.engine.start();
  await second.pass(1_000);
  release();
  await second.pass(1_000);
  expect(calls).toBe(1);
  expect(await second.call('DescribeExecution', { executionArn })).toMatchObject({
    status: 'SUCCEEDED',
    output: '"again"',
  });
});

describe('the API', () => {
  const { call } = engineWith({});
  const roleArn = 'arn:aws:iam::000000000000:role/r';
  const create =
    (definition: string, more: object = {}) =>
    () =>
      call('CreateStateMachine', { name: 'm', definition, roleArn, ...more });
  const definition = JSON.stringify(machine({ W: { Type: 'Wait', Seconds: 1_000, End: true } }));
  const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:m';
  beforeAll(create(definition));

  test.each<[string, () => Promise<unknown>, string]>([
    ['text that is not JSON', create('{'), 'InvalidDefinition'],
    [
      'a state that is not there',
      create(JSON.stringify(machine({ P: { Type: 'Pass', Next: 'Q' } }))),
      'InvalidDefinition',
    ],
    [
      'a resource it does not run',
      create(JSON.stringify(machine({ T: { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true } }))),
      'InvalidDefinition',
    ],
    ['a bad name', create(definition, { name: 'a b' }), 'InvalidName'],
    [
      'another definition of the same name',
      create(JSON.stringify(machine({ S: { Type: 'Succeed' } }))),
      'StateMachineAlreadyExists',
    ],
    [
      'an execution of nothing',
      () => call('StartExecution', { stateMachineArn: `${stateMachineArn}x` }),
      'StateMachineDoesNotExist',
    ],
    ['input that is not JSON', () => call('StartExecution', { stateMachineArn, input: '{' }), 'InvalidExecutionInput'],
    [
      'an unknown execution',
      () => call('DescribeExecution', { executionArn: 'arn:aws:states:us-east-1:000000000000:execution:m:none' }),
      'ExecutionDoesNotExist',
    ],
    ['an unknown operation', () => call('Fly', {}), 'UnknownOperationException'],
  ])('refuses %s', async (_, attempt, type) => {
    await expect(attempt()).rejects.toMatchObject({ type });
  });

  test('starts an execution of one name once', async () => {
    const start = (input: string) => call('StartExecution', { stateMachineArn, name: 'same', input });
    expect(await start('{}')).toEqual(await start('{}'));
    await expect(start('{"a":1}')).rejects.toMatchObject({ type: 'ExecutionAlreadyExists' });
  });

  test('stops an execution, and lists by status', async () => {
    const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'stopped' });
    await call('StopExecution', { executionArn, error: 'E', cause: 'c' });
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({
      status: 'ABORTED',
      error: 'E',
      cause: 'c',
    });
    const names = async (statusFilter: string) =>
      ((await call('ListExecutions', { stateMachineArn, statusFilter })).executions as { name: string }[]).map(
        ({ name }) => name,
      );
    expect([await names('ABORTED'), await names('RUNNING')]).toEqual([['stopped'], ['same']]);
  });
});
