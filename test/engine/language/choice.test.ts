import { expect, test } from '@jest/globals';
import { chooseNext, chooseNextNow } from '../../../lib/engine/language/choice.ts';
import { matches } from '../../../lib/engine/language/choice-operators.ts';
import type { ChoiceRule, ChoiceState } from '../../../lib/engine/language/definition.ts';
import type { Json } from '../../../lib/json.ts';
import { scopeOf, thrownBy } from './scope.ts';

const choice = (...rules: ChoiceRule[]): ChoiceState => ({ Type: 'Choice', Choices: rules, Default: 'Else' });
const holds = (rule: ChoiceRule, input: Json) =>
  chooseNextNow(choice({ ...rule, Next: 'Then' }), scopeOf({ input, variables: { v: 2 } }))?.next === 'Then';

const VALUES: readonly Json[] = [null, true, false, 0, 1, '', 'a', '2026-01-31T12:00:00Z', [], {}];

test.each<[string, readonly Json[]]>([
  ['IsNull', [null]],
  ['IsBoolean', [true, false]],
  ['IsNumeric', [0, 1]],
  ['IsString', ['', 'a', '2026-01-31T12:00:00Z']],
  ['IsTimestamp', ['2026-01-31T12:00:00Z']],
  ['IsPresent', VALUES],
])('%s holds for %j and for nothing else, and turned round for nothing but the rest', (operator, values) => {
  expect(VALUES.filter((x) => holds({ Variable: '$.x', [operator]: true }, { x }))).toEqual(values);
  expect(VALUES.filter((x) => holds({ Variable: '$.x', [operator]: false }, { x }))).toEqual(
    VALUES.filter((value) => !values.includes(value)),
  );
});

test.each<[boolean, boolean]>([
  [true, false],
  [false, true],
])('IsPresent: %s of what is not there', (expected, result) => {
  expect(holds({ Variable: '$.deep.x', IsPresent: expected }, {})).toBe(result);
});

const ORDERED: Readonly<Record<string, readonly [less: Json, more: Json]>> = {
  Numeric: [1, 1.5],
  String: ['A', 'AB'],
  Timestamp: ['2026-01-31T12:00:00+01:00', '2026-01-31T12:00:00Z'],
};
const RELATIONS = { Equals: '=', LessThan: '<', LessThanEquals: '<=', GreaterThan: '>', GreaterThanEquals: '>=' };

for (const [kind, [less, more]] of Object.entries(ORDERED)) {
  test.each(Object.entries(RELATIONS))(`${kind}%s, with a literal and with a path`, (relation, sign) => {
    for (const [one, other, order] of [
      [less, more, '<'],
      [more, less, '>'],
      [less, less, '='],
    ] as const) {
      const literal = holds({ Variable: '$.x', [`${kind}${relation}`]: other }, { x: one });
      const path = holds({ Variable: '$.x', [`${kind}${relation}Path`]: '$.y' }, { x: one, y: other });
      expect([literal, path]).toEqual([sign.includes(order), sign.includes(order)]);
    }
    expect(holds({ Variable: '$.x', [`${kind}${relation}`]: less }, { x: null })).toBe(false);
  });
}

test.each<[ChoiceRule, Json, boolean]>([
  [{ Variable: '$.x', BooleanEquals: false }, { x: false }, true],
  [{ Variable: '$.x', BooleanEquals: true }, { x: 1 }, false],
  [{ Variable: '$.x', BooleanEqualsPath: '$.y' }, { x: true, y: true }, true],
  [{ Variable: '$v', NumericEquals: 2 }, {}, true],
  [{ Variable: '$.x', NumericEqualsPath: '$v' }, { x: 2 }, true],
  [{ Variable: '$$.Execution.Id', StringEquals: 'execution-1' }, {}, true],
  [{ Variable: '$', StringEquals: 'whole' }, 'whole', true],
  [{ Variable: '$.x', TimestampEquals: '2026-01-31T12:00:00Z' }, { x: '2026-01-31T13:00:00.000+01:00' }, true],
  [{ Variable: '$.x', TimestampLessThan: '2026-01-31T12:00:00Z' }, { x: '2026-01-30' }, false],
  [
    {
      And: [
        { Variable: '$.x', IsPresent: true },
        { Variable: '$.x', IsNull: false },
      ],
    },
    { x: 1 },
    true,
  ],
  [
    {
      And: [
        { Variable: '$.x', IsPresent: true },
        { Variable: '$.x', IsNull: false },
      ],
    },
    {},
    false,
  ],
  [
    {
      Or: [
        { Variable: '$.x', NumericEquals: 1 },
        { Variable: '$.x', NumericEquals: 2 },
      ],
    },
    { x: 2 },
    true,
  ],
  [{ Not: { Variable: '$.x', IsPresent: true } }, {}, true],
])('%j of %j: %s', (rule, input, result) => {
  expect(holds(rule, input)).toBe(result);
});

test.each<[string, string, boolean]>([
  ['log-2026.txt', 'log-*.txt', true],
  ['log-.txt', 'log-*.txt', true],
  ['log.txt', 'log-*.txt', false],
  ['aXbXc', '*X*X*', true],
  ['a', 'a*a', false],
  ['anything\nat all', '*', true],
  ['*', '\\*', true],
  ['x', '\\*', false],
  ['a\\b', 'a\\\\b', true],
  ['', '', true],
  ['.', '?', false],
  [`${'a'.repeat(50_000)}b`, '*a'.repeat(1_000), false],
])('%.20s matches %.20s: %s', (text, pattern, result) => {
  expect(matches(text, pattern)).toBe(result);
});

test('the first rule that holds leads on, else the default, else nothing', async () => {
  const rules = [1, 2, 2].map((value, at) => ({ Variable: '$', NumericEquals: value, Next: `S${at}` }));
  const state = choice(...rules);
  expect(await chooseNext(state, scopeOf({ input: 2 }))).toEqual({ next: 'S1', rule: rules[1], index: 1 });
  expect(chooseNextNow(state, scopeOf({ input: 3 }))).toEqual({ next: 'Else' });
  expect(chooseNextNow({ Type: 'Choice', Choices: rules }, scopeOf({ input: 3 }))).toBeUndefined();
});

test('a condition of JSONata chooses', () => {
  const state = choice({ Condition: '{% $states.input > $v %}', Next: 'Then' }, { Condition: true, Next: 'Always' });
  const choose = (input: Json) => chooseNextNow(state, scopeOf({ input, variables: { v: 2 } }))?.next;
  expect([choose(3), choose(1)]).toEqual(['Then', 'Always']);
});

test('fails where there is nothing to compare', () => {
  expect(thrownBy(() => holds({ Variable: '$.x', NumericEquals: 1 }, {}))).toBe(
    "States.Runtime: Invalid path '$.x': The choice state's condition path references an invalid value.",
  );
  expect(thrownBy(() => holds({ Variable: '$.x', NumericEqualsPath: '$.y' }, { x: 1 }))).toMatch(/'\$.y'/);
});

test('fails where a condition is neither true nor false', () => {
  expect(thrownBy(() => holds({ Condition: '{% $states.input.n %}' }, { n: 1 }))).toBe(
    "States.QueryEvaluationError: The JSONata expression '$states.input.n' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1",
  );
});
