import { describe, expect, test } from '@jest/globals';
import { boundedText } from '../../lib/engine/data-limit.ts';
import type { Json } from '../../lib/json.ts';
import { bed, historyOf, lambda } from './support/bed.ts';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const one = (state: object, name = 'S') => ({ StartAt: name, States: { [name]: { End: true, ...state } } });
const pass = one({ Type: 'Pass' });

describe('JSON that is nested too deeply', () => {
  test.each([1_001, 20_000, 100_000])('%d levels are refused as an input', async (levels) => {
    const all = bed();
    const machine = await all.create('m', pass);
    await expect(all.call('StartExecution', { stateMachineArn: machine, input: nested(levels) })).rejects.toMatchObject(
      {
        type: 'InvalidExecutionInput',
        message: expect.stringContaining('nested deeper than 1000 levels'),
      },
    );
    expect(await all.describe(await all.start(machine))).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('of 1000 levels goes through', async () => {
    const all = bed();
    const machine = await all.create('m', pass);
    const { executionArn } = await all.call('StartExecution', { stateMachineArn: machine, input: nested(1_000) });
    expect(await all.describe(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: nested(1_000) });
  });

  const stringToJson = { 'a.$': 'States.StringToJson($.text)' };
  const parsing = { Type: 'Pass', QueryLanguage: 'JSONata', Assign: { deep: '{% $parse($states.input.text) %}' } };
  const selecting = {
    Type: 'Map',
    ItemsPath: '$.list',
    ItemSelector: { a: { a: { 'a.$': '$$.Execution.Input.nested' } } },
    ItemProcessor: one({ Type: 'Pass' }, 'P'),
  };
  const wrapping = {
    StartAt: 'Wrap',
    States: {
      Wrap: { Type: 'Pass', Parameters: { 'a.$': '$' }, Next: 'Again' },
      Again: { Type: 'Choice', Choices: [{ Variable: '$.stop', IsPresent: true, Next: 'End' }], Default: 'Wrap' },
      End: { Type: 'Succeed' },
    },
  };

  test.each<[string, object, string]>([
    ['a result', one({ Type: 'Task', Resource: lambda('deep') }), 'States.DataLimitExceeded'],
    ['a text that is read', one({ Type: 'Pass', Parameters: stringToJson }), 'States.IntrinsicFailure'],
    ['a loop that wraps', wrapping, 'States.DataLimitExceeded'],
    ['a variable', one(parsing), 'States.QueryEvaluationError'],
    ['an item', one(selecting), 'States.DataLimitExceeded'],
  ])('fails the execution that makes it by %s, and no other', async (_, machine, error) => {
    const all = bed({ deep: async () => JSON.parse(nested(2_000)) as Json });
    const input = { text: nested(5_000), list: [1], nested: JSON.parse(nested(998)) as Json };
    const executionArn = await all.start(await all.create('m', machine), input);
    await all.pass(0);
    expect(await all.describe(executionArn)).toMatchObject({ status: 'FAILED', error });
    expect(await all.describe(await all.start(await all.create('well', pass)))).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('a value whose text would be longer than a text can be is too large', () => {
  const value = new Array(3_000).fill('x'.repeat(200_000));
  expect(() => boundedText(value, 'S', { payloadBytes: 262_144 })).toThrow('States.DataLimitExceeded');
});

test('a history of large payloads comes in pages that can be sent', async () => {
  const all = bed({ big: async () => 'x'.repeat(250_000) });
  const States = Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [
      `S${at}`,
      { Type: 'Task', Resource: lambda('big'), ...(at < 19 ? { Next: `S${at + 1}` } : { End: true }) },
    ]),
  );
  const executionArn = await all.start(await all.create('m', { StartAt: 'S0', States }));
  await all.pass(0);
  for (const reverseOrder of [false, true]) {
    const page = await all.call('GetExecutionHistory', { executionArn, maxResults: 1_000, reverseOrder });
    expect(JSON.stringify(page).length).toBeLessThan(8_000_000);
    expect(page.nextToken).toBeDefined();
  }
  const ids = (await historyOf(all.engine, executionArn)).map(({ id }) => id);
  expect(ids).toEqual(Array.from({ length: 102 }, (_, at) => at + 1));
});
