import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../lib/json.ts';
import { bed, lambda, ROLE } from './support/bed.ts';

const attempt = (state: object, input: Json = {}, more: object = {}) =>
  bed({
    well: async (given) => given,
    badly: async () => Promise.reject(Object.assign(new Error('no'), { name: 'No' })),
  }).call('TestState', { definition: JSON.stringify(state), roleArn: ROLE, input: JSON.stringify(input), ...more });

describe('a state by itself', () => {
  test.each<[string, object, object]>([
    ['Pass', { Type: 'Pass', Result: { a: 1 }, Next: 'N' }, { status: 'SUCCEEDED', output: '{"a":1}', nextState: 'N' }],
    ['Task', { Type: 'Task', Resource: lambda('well'), End: true }, { status: 'SUCCEEDED', output: '{"x":1}' }],
    [
      'Choice',
      { Type: 'Choice', Choices: [{ Variable: '$.x', NumericEquals: 1, Next: 'One' }], Default: 'Other' },
      { status: 'SUCCEEDED', nextState: 'One' },
    ],
    ['Wait', { Type: 'Wait', Seconds: 3_600, Next: 'N' }, { status: 'SUCCEEDED', nextState: 'N' }],
    ['Fail', { Type: 'Fail', Error: 'E', Cause: 'c' }, { status: 'FAILED', error: 'E', cause: 'c' }],
    ['failing Task', { Type: 'Task', Resource: lambda('badly'), End: true }, { status: 'FAILED', error: 'No' }],
    [
      'Task that is tried again',
      { Type: 'Task', Resource: lambda('badly'), Retry: [{ ErrorEquals: ['No'] }], End: true },
      { status: 'RETRIABLE', error: 'No' },
    ],
    [
      'Task whose error is caught',
      { Type: 'Task', Resource: lambda('badly'), Catch: [{ ErrorEquals: ['No'], Next: 'Handler' }], End: true },
      { status: 'CAUGHT_ERROR', error: 'No', nextState: 'Handler' },
    ],
    [
      'JSONata',
      { Type: 'Pass', QueryLanguage: 'JSONata', Output: '{% $states.input.x + 1 %}', End: true },
      { output: '2' },
    ],
  ])('%s', async (_, state, expected) => {
    expect(await attempt(state, { x: 1 })).toMatchObject(expected);
  });

  const token = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', End: true };
  const asking = { ...token, Parameters: { FunctionName: 'well', Payload: { 'token.$': '$$.Task.Token' } } };
  const retried = { ...asking, Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 2, MaxAttempts: 3 }] };
  const caught = { ...retried, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Handler' }] };
  const busy = { errorOutput: { error: 'Busy', cause: 'c' } };

  test.each<[string, object, object, object]>([
    ['its result', asking, { mock: { result: '{"a":1}' } }, { status: 'SUCCEEDED', output: '{"a":1}' }],
    ['its error', asking, { mock: busy }, { status: 'FAILED', error: 'Busy', cause: 'c' }],
    ['an error that is retried', retried, { mock: busy }, { status: 'RETRIABLE', error: 'Busy' }],
    [
      'an error that was retried often enough',
      caught,
      { mock: busy, stateConfiguration: { retrierRetryCount: 3 } },
      { status: 'CAUGHT_ERROR', error: 'Busy', nextState: 'Handler' },
    ],
  ])('is told by mock %s', async (_, state, more, expected) => {
    expect(await attempt(state, {}, more)).toMatchObject(expected);
  });

  test('is found in its machine by name, with the variables and the context that it is given', async () => {
    const P = { Type: 'Pass', Output: "{% $count & ' ' & $states.context.Execution.Id %}", Next: 'P' };
    const machine = { QueryLanguage: 'JSONata', StartAt: 'Q', States: { P, Q: { Type: 'Succeed' } } };
    const more = { stateName: 'P', variables: '{"count":2}', context: '{"Execution":{"Id":"here"}}' };
    expect(await attempt(machine, {}, more)).toEqual({ status: 'SUCCEEDED', output: '"2 here"', nextState: 'P' });
  });

  test('shows how the data went', async () => {
    const state = {
      Type: 'Task',
      Resource: lambda('well'),
      InputPath: '$.in',
      Parameters: { 'b.$': '$.a' },
      ResultSelector: { 'c.$': '$.b' },
      ResultPath: '$.d',
      OutputPath: '$.d',
      End: true,
    };
    const { status, inspectionData } = await attempt(state, { in: { a: 1 } }, { inspectionLevel: 'DEBUG' });
    expect({ status, ...inspectionData }).toEqual({
      status: 'SUCCEEDED',
      input: '{"in":{"a":1}}',
      afterInputPath: '{"a":1}',
      afterParameters: '{"b":1}',
      result: '{"b":1}',
      afterResultSelector: '{"c":1}',
      afterResultPath: '{"in":{"a":1},"d":{"c":1}}',
      variables: '{}',
    });
    const retrying = await attempt(retried, {}, { mock: busy, inspectionLevel: 'DEBUG' });
    expect(retrying.inspectionData.errorDetails).toEqual({ retryIndex: 0, retryBackoffIntervalSeconds: 2 });
  });

  test('fails for a task that others end, when nothing says how', async () => {
    await expect(attempt(asking)).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining('is ended by others'),
    });
  });

  test('fails for a definition that could not be created', async () => {
    await expect(attempt({ Type: 'Pass' })).rejects.toMatchObject({
      type: 'InvalidDefinition',
      message: expect.stringContaining('/States/TestState'),
    });
  });

  test('times out where its task does not answer', async () => {
    const { clock, call } = bed({ hangs: () => new Promise(() => {}) });
    const definition = JSON.stringify({ Type: 'Task', Resource: lambda('hangs'), TimeoutSeconds: 10, End: true });
    const testing = call('TestState', { definition, roleArn: ROLE });
    await clock.advance(10_000);
    expect(await testing).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  test('fails for a state that has others in it', async () => {
    await expect(attempt({ Type: 'Parallel', Branches: [], End: true })).rejects.toMatchObject({
      type: 'InvalidDefinition',
    });
  });
});
