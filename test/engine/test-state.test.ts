import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../lib/json.ts';
import { bed, lambda, ROLE } from './support/bed.ts';

const attempt = (state: object, input: Json = {}) =>
  bed({
    well: async (given) => given,
    badly: async () => Promise.reject(Object.assign(new Error('no'), { name: 'No' })),
  }).call('TestState', { definition: JSON.stringify(state), roleArn: ROLE, input: JSON.stringify(input) });

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

  test('fails for a state that has others in it', async () => {
    await expect(attempt({ Type: 'Parallel', Branches: [], End: true })).rejects.toMatchObject({
      type: 'InvalidDefinition',
    });
  });
});
