import { describe, expect, test } from '@jest/globals';
import { bed, lambda, ROLE } from './support/bed.ts';

const pass = { StartAt: 'P', States: { P: { Type: 'Pass', Result: 1, End: true } } };
const task = (name: string, more: object = {}) => ({
  StartAt: 'Before',
  States: {
    Before: { Type: 'Pass', Result: { a: 1 }, Next: 'Work' },
    Work: { Type: 'Task', Resource: lambda(name), End: true, ...more },
  },
});
const later = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1_000, End: true } } };

describe('a redrive', () => {
  test('goes on from the state that failed, with its input', async () => {
    const inputs: unknown[] = [];
    const all = bed({
      work: async (input) => {
        inputs.push(input);
        if (inputs.length === 1) throw new Error('once');
        return 'well';
      },
    });
    const executionArn = await all.start(await all.create('m', task('work')));
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'FAILED', redriveStatus: 'REDRIVABLE' });
    await all.call('RedriveExecution', { executionArn });
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '"well"', redriveCount: 1 });
    expect(inputs).toEqual([{ a: 1 }, { a: 1 }]);
    const types = await all.types(executionArn);
    expect(types.slice(types.indexOf('ExecutionFailed'))).toEqual([
      'ExecutionFailed',
      'ExecutionRedriven',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('that fails again at once counts all the same', async () => {
    const all = bed();
    const failing = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E' } } };
    const executionArn = await all.start(await all.create('m', failing));
    await all.pass(1_000);
    await all.call('RedriveExecution', { executionArn });
    const { startDate, stopDate, ...rest } = await all.describe(executionArn);
    expect({ ...rest, took: stopDate - startDate }).toMatchObject({ status: 'FAILED', redriveCount: 1, took: 1 });
    expect((await all.types(executionArn)).slice(-2)).toEqual(['ExecutionRedriven', 'ExecutionFailed']);
  });

  test('of what has not failed, or failed long ago, is refused', async () => {
    const all = bed({ work: async () => Promise.reject(new Error('always')) });
    const well = await all.start(await all.create('well', pass));
    await expect(all.call('RedriveExecution', { executionArn: well })).rejects.toMatchObject({
      type: 'ExecutionNotRedrivable',
    });
    const failed = await all.start(await all.create('failed', task('work')));
    await all.pass(15 * 86_400_000);
    await expect(all.call('RedriveExecution', { executionArn: failed })).rejects.toMatchObject({
      message: expect.stringContaining('past the redrivable period'),
    });
  });
});

describe('an Express machine', () => {
  test('keeps no history, and cannot be redriven', async () => {
    const all = bed();
    const executionArn = await all.start(await all.create('e', pass, { type: 'EXPRESS' }));
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'SUCCEEDED' });
    for (const operation of ['GetExecutionHistory', 'RedriveExecution', 'ListMapRuns'])
      await expect(all.call(operation, { executionArn })).rejects.toMatchObject({
        type: 'InvalidArn',
        message: "Invalid Arn: 'Resource type not valid in this context: express'",
      });
  });

  test('answers a synchronous call with its end', async () => {
    const { call, create } = bed({ work: async (input) => input });
    const stateMachineArn = await create('e', task('work'), { type: 'EXPRESS' });
    const ended = await call('StartSyncExecution', { stateMachineArn, input: '{}' });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}', billingDetails: expect.anything() });
    expect(ended.executionArn).toMatch(/:express:e:/);
  });

  test('times out after five minutes', async () => {
    const all = bed();
    const stateMachineArn = await all.create('e', later, { type: 'EXPRESS' });
    const ended = all.call('StartSyncExecution', { stateMachineArn });
    await all.pass(301_000);
    expect(await ended).toMatchObject({ status: 'TIMED_OUT' });
  });

  test('is not started synchronously when it is a Standard one', async () => {
    const { call, create } = bed();
    const stateMachineArn = await create('s', pass);
    await expect(call('StartSyncExecution', { stateMachineArn })).rejects.toMatchObject({
      type: 'StateMachineTypeNotSupported',
    });
  });
});

describe('limits', () => {
  test('an execution times out as its machine says', async () => {
    const all = bed();
    const executionArn = await all.start(await all.create('m', { ...later, TimeoutSeconds: 10 }));
    await all.pass(11_000);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'TIMED_OUT' });
  });

  test('a history that is full fails its execution', async () => {
    const again = { Type: 'Choice', Choices: [{ Variable: '$.never', IsPresent: true, Next: 'End' }], Default: 'A' };
    const loop = { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' }, B: again, End: { Type: 'Succeed' } } };
    const all = bed({}, { limits: { historyEvents: 100 } });
    const executionArn = await all.start(await all.create('loop', loop));
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(await all.types(executionArn)).toHaveLength(100);
  });

  test('a result that is too large fails its task by name', async () => {
    const all = bed({ work: async () => 'x'.repeat(300_000) });
    const executionArn = await all.start(await all.create('m', task('work')));
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('ended executions are forgotten after their retention, others never', async () => {
    const all = bed();
    await all.engine.start();
    const ended = await all.start(await all.create('ended', pass));
    const running = await all.start(
      await all.create('running', { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 99_999_999, End: true } } }),
    );
    await all.pass(92 * 86_400_000);
    await expect(all.describe(ended)).rejects.toMatchObject({ type: 'ExecutionDoesNotExist' });
    expect(await all.describe(running)).toMatchObject({ status: 'RUNNING' });
  });

  test('a Map Run is forgotten with its execution', async () => {
    const all = bed();
    await all.engine.start();
    const ProcessorConfig = { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' };
    const Each = { Type: 'Map', ItemProcessor: { ...pass, ProcessorConfig }, End: true };
    const executionArn = await all.start(await all.create('m', { StartAt: 'Each', States: { Each } }), [1, 2]);
    await all.pass(0);
    const { mapRunArn } = (await all.call('ListMapRuns', { executionArn })).mapRuns[0];
    expect(await all.call('DescribeMapRun', { mapRunArn })).toMatchObject({ status: 'SUCCEEDED' });
    await all.pass(92 * 86_400_000);
    await expect(all.call('DescribeMapRun', { mapRunArn })).rejects.toMatchObject({ type: 'ResourceNotFound' });
    expect(all.store.list('mapRun')).toEqual([]);
  });
});

describe('listings', () => {
  test('go newest first, page by page', async () => {
    const all = bed();
    const stateMachineArn = await all.create('m', pass);
    for (let at = 0; at < 5; at++) {
      await all.start(stateMachineArn, {}, { name: `e${at}` });
      await all.pass(1_000);
    }
    const names: string[] = [];
    for (let nextToken: string | undefined; ; ) {
      const page = await all.call('ListExecutions', { stateMachineArn, maxResults: 2, nextToken });
      names.push(...page.executions.map(({ name }: { name: string }) => name));
      nextToken = page.nextToken;
      if (!nextToken) break;
    }
    expect(names).toEqual(['e4', 'e3', 'e2', 'e1', 'e0']);
  });

  test('count whole entries: a part of one is none, and asks for the default', async () => {
    const all = bed();
    for (const name of ['a', 'b']) await all.call('CreateActivity', { name });
    expect((await all.call('ListActivities', { maxResults: 1.5 })).activities).toHaveLength(1);
    expect((await all.call('ListActivities', { maxResults: 5e-324 })).activities).toHaveLength(2);
  });

  test('a history reads backwards as well', async () => {
    const all = bed();
    const executionArn = await all.start(await all.create('m', pass));
    const { events } = await all.call('GetExecutionHistory', { executionArn, reverseOrder: true, maxResults: 2 });
    expect(events.map(({ id }: { id: number }) => id)).toEqual([4, 3]);
  });

  test('keep to the version that was asked for', async () => {
    const all = bed();
    const { stateMachineArn, stateMachineVersionArn } = await all.call('CreateStateMachine', {
      name: 'm',
      definition: JSON.stringify(pass),
      roleArn: ROLE,
      publish: true,
    });
    await all.start(stateMachineArn, {}, { name: 'latest' });
    await all.start(stateMachineVersionArn, {}, { name: 'published' });
    const names = async (arn: string) =>
      (await all.call('ListExecutions', { stateMachineArn: arn })).executions.map(({ name }: { name: string }) => name);
    expect(await names(stateMachineVersionArn)).toEqual(['published']);
    expect((await names(stateMachineArn)).sort()).toEqual(['latest', 'published']);
  });
});
