import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { checkDefinition } from '../../../lib/engine/language/check-definition.ts';
import { END, find, jsonata, map, task } from './findings.ts';

test.each<[string, object | string, [string | undefined, string][]]>([
  ['nothing', {}, [['/', 'These fields are required: [States, StartAt]']]],
  ['no state', { StartAt: 'S', States: {} }, [['/States', 'There must be at least one state']]],
  ['no object', '[]', [['/', 'Expected an object']]],
  ['an unknown field', { StartAt: 'S', States: { S: END }, Start: 1 }, [['/', "Field 'Start' is not supported"]]],
  [
    'a long name',
    { StartAt: 'S'.repeat(81), States: { ['S'.repeat(81)]: END } },
    [[`/States/${'S'.repeat(81)}`, 'INVALID_STATE_NAME: A state name has from 1 to 80 characters']],
  ],
  [
    'a target that is missing',
    { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'C' }, B: END } },
    [
      ['/States/A/Next', "MISSING_TRANSITION_TARGET: Missing 'Next' target: C"],
      ['/States/B', 'MISSING_TRANSITION_TARGET: State "B" is not reachable.'],
    ],
  ],
  [
    'no start',
    { StartAt: 'B', States: { A: END } },
    [
      ['/StartAt', "MISSING_TRANSITION_TARGET: Missing 'Next' target: B"],
      ['/States/A', 'MISSING_TRANSITION_TARGET: State "A" is not reachable.'],
    ],
  ],
  [
    'no end',
    { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'A' } } },
    [[undefined, 'MISSING_END_STATE: Workflow has no terminal state']],
  ],
  [
    'a name twice',
    '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"A":{"Type":"Pass","End":true}}}',
    [['/States/A', 'DUPLICATE_STATE_NAME: Duplicate State name: A']],
  ],
  [
    'a name again within',
    { StartAt: 'Inner', States: { Inner: map() } },
    [['/States/Inner/ItemProcessor/States/Inner', 'DUPLICATE_STATE_NAME: Duplicate State name: Inner']],
  ],
  [
    'JSONPath in JSONata',
    { StartAt: 'A', ...jsonata, States: { A: { ...END, QueryLanguage: 'JSONPath' } } },
    [['/States/A', "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"]],
  ],
])('fails: %s', (_, definition, found) => {
  expect(find(definition)).toEqual(found);
});

test('every target is looked at, in branches and iterations too', () => {
  const inner = (states: object) => ({ StartAt: 'In', States: { In: states } });
  const handlers = { Choices: [{ Variable: '$', IsNull: true, Next: 'X' }], Default: 'Y' };
  const definition = {
    StartAt: 'A',
    States: {
      A: { ...task(), End: undefined, Next: 'P', Catch: [{ ErrorEquals: ['E'], Next: 'W' }] },
      P: { Type: 'Parallel', End: true, Branches: [inner({ Type: 'Choice', ...handlers })] },
    },
  };
  expect(find(definition)).toEqual([
    ['/States/A/Catch[0]/Next', "MISSING_TRANSITION_TARGET: Missing 'Next' target: W"],
    ['/States/P/Branches[0]/States/In/Choices[0]/Next', "MISSING_TRANSITION_TARGET: Missing 'Next' target: X"],
    ['/States/P/Branches[0]/States/In/Default', "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y"],
    [undefined, 'MISSING_END_STATE: Workflow has no terminal state'],
  ]);
});

test('a state within must not assign what may be assigned outside before it', () => {
  const inMap = map({}, { States: { Inner: { ...END, Assign: { v: 1, w: 1 } } } });
  const definition = (first: object, second: object) => find({ StartAt: 'A', States: { A: first, B: second } });
  expect(definition({ Type: 'Pass', Next: 'B', Assign: { 'v.$': '$' } }, inMap)).toEqual([
    [
      '/States/B/ItemProcessor/States/Inner/Assign',
      "The variable 'v' is assigned in an outer scope, and cannot be assigned in an inner one",
    ],
  ]);
  expect(definition({ ...inMap, End: undefined, Next: 'B' }, { ...END, Assign: { v: 1 } })).toEqual([]);
});

test('fails where there is no JSON, and where there is too much of it', () => {
  expect(checkDefinition('{', { type: 'STANDARD' })).toMatchObject([
    { code: 'INVALID_JSON_DESCRIPTION', severity: 'ERROR' },
  ]);
  const deep = `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Parameters":${'['.repeat(100_000)}${']'.repeat(100_000)}}}}`;
  expect(checkDefinition(deep, { type: 'STANDARD' })).toMatchObject([{ code: 'TOO_DEEPLY_NESTED' }]);
});

test('what the CDK emits is right', () => {
  expect(find(readFileSync(join(import.meta.dirname, 'cdk-definition.json'), 'utf8'))).toEqual([]);
});
