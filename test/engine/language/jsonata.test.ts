import { expect, test } from '@jest/globals';
import { renderJsonata, renderJsonataNow, unexpectedType } from '../../../lib/engine/language/jsonata.ts';
import { StateError } from '../../../lib/engine/language/state-error.ts';
import type { Json } from '../../../lib/json.ts';
import { scopeOf, thrownBy } from './scope.ts';

const SCOPE = scopeOf({
  input: { n: 2, items: [1, 2, 3], one: [1], text: 'hello', nested: [{ k: 1 }, { k: 2 }, {}] },
  result: { Payload: 'done' },
  variables: { v: 5, list: [[1], [2]] },
});
const evaluate = (expression: string, scope = SCOPE) => renderJsonataNow(`{% ${expression} %}`, scope, 'Output');
const cause = (expression: string, scope = SCOPE) => thrownBy(() => evaluate(expression, scope));

test.each<[string, Json]>([
  ['$states.input.n + $v', 7],
  ['$states.context.Execution.Id', 'execution-1'],
  ['$states.result.Payload', 'done'],
  ['$list', [[1], [2]]],
  ['$states.input.items[$ > 1]', [2, 3]],
  ['$states.input.items[$ = 2]', 2],
  ['$states.input.one', [1]],
  ['$states.input.nested.k', [1, 2]],
  ['{"a": [1, $states.input.nope, null], "b": $states.input.nope}', { a: [1, null] }],
  ['$sum($states.input.items) > 5 ? "more" : "less"', 'more'],
  ["$contains('hello$world', /^hello\\$/)", true],
  ['($double := function($x) { $x * 2 }; $map($states.input.items, $double))', [2, 4, 6]],
  ['$merge([$states.input.nested])', { k: 2 }],
  ['$base64decode($base64encode("x y"))', 'x y'],
  ['$pad("x", -3, "#")', '##x'],
  ['1 / 0', 'Infinity'],
  ['[-1 / 0]', ['-Infinity']],
  ['$now()', '2026-11-21T00:00:00.000Z'],
  ['$millis()', Date.UTC(2026, 10, 21)],
  ['$toMillis("2026-11-21T00:00:00.000Z")', Date.UTC(2026, 10, 21)],
])('%s', (expression, value) => {
  expect(evaluate(expression)).toEqual(value);
});

test.each<[string, Json]>([
  ['$partition([1, 2, 3, 4, 5], 2)', [[1, 2], [3, 4], [5]]],
  ['$partition([1, 2, 3], 2.9)', [[1, 2], [3]]],
  ['$range(0, 6, 2)', [0, 2, 4, 6]],
  ['$range(5, 0, -2)', [5, 3, 1]],
  ['$range(-1.7, 2, 1)', [-1, 0, 1, 2]],
  ['$count($range(1, 200000, 1))', 200_000],
  ['$hash("input", "SHA-1")', '140f86aae51ab9e1cda9b4254fe98a74eb54c1a1'],
  ['$random(42)', 0.7275636800328681],
  ['$random()', 0.5],
  ['$uuid()', 'uuid-1'],
  ['$parse("{\\"a\\": [1]}").a', [1]],
])('AWS adds %s', (expression, value) => {
  expect(evaluate(expression)).toEqual(value);
});

test('expressions are filled in wherever they stand, and nothing else is touched', async () => {
  const template = {
    a: '{% $v %}',
    b: ['{% $states.input.n %}', { c: '{%$v + 1%}' }],
    d: '$v',
    e: ' {% $v %}',
    f: null,
  };
  expect(await renderJsonata(template, SCOPE, 'Output')).toEqual({
    a: 5,
    b: [2, { c: 6 }],
    d: '$v',
    e: ' {% $v %}',
    f: null,
  });
  expect(await renderJsonata('plain', SCOPE, 'Output')).toBe('plain');
});

test.each([
  ['$nope', 'returned nothing (undefined).'],
  ['$states.input.nope', 'returned nothing (undefined).'],
  ['$states.errorOutput', 'returned nothing (undefined).'],
  ['$states.input.constructor', 'returned nothing (undefined).'],
  ['$f := function($x) { $x }', 'returned an unsupported result type.'],
  ['{"f": $sum}', 'returned an unsupported result type.'],
  ['/a/', 'returned an unsupported result type.'],
  ['$eval("1+1")', 'threw an error during evaluation. T1006: Attempted to invoke a non-function'],
  [
    '$abs("x")',
    'threw an error during evaluation. T0410: Argument 1 of function "abs" does not match function signature',
  ],
  ['1 +', 'threw an error during evaluation. S0207: Unexpected end of expression'],
  ['$error("no")', 'threw an error during evaluation. D3137: no'],
])('fails: %s %s', (expression, problem) => {
  expect(cause(expression)).toBe(
    `States.QueryEvaluationError: The JSONata expression '${expression}' specified for the field 'Output' ${problem}`,
  );
});

test.each([
  [
    'never ends',
    '($f := function($x) { $f($x + 1) }; $f(1))',
    'Expression evaluation timeout: Check for infinite loop',
  ],
  [
    'never ends in a pattern',
    '$match($pad("", 40, "a"), /(a+)+b/)',
    'Expression evaluation timeout: Check for infinite loop',
  ],
  ['never ends in a function', '$distinct([1..800000])', 'Expression evaluation timeout: Check for infinite loop'],
  [
    'calls itself too deeply',
    '($f := function($x) { 1 + $f($x + 1) }; $f(1))',
    'Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.',
  ],
  [
    'is nested too deeply',
    Array(200).fill('1').join('+'),
    'Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.',
  ],
  [
    'makes a long list',
    '[1..900000] ~> $count()',
    'Expression evaluation memory limit exceeded: Check for excessive memory usage',
  ],
  [
    'makes a long range',
    '$range(1, 1000000000000, 1)',
    'Expression evaluation memory limit exceeded: Check for excessive memory usage',
  ],
  [
    'makes many lists',
    '[1..1000].([1..800000]) ~> $count()',
    'Expression evaluation memory limit exceeded: Check for excessive memory usage',
  ],
  [
    'makes a long text',
    '$pad("x", 1000000000)',
    'Expression evaluation memory limit exceeded: Check for excessive memory usage',
  ],
  [
    'doubles a text',
    '($p := function($s, $n) { $n = 0 ? $s : $p($s & $s, $n - 1) }; $length($p("x", 31)))',
    'Expression evaluation memory limit exceeded: Check for excessive memory usage',
  ],
])('fails where an expression %s, and the next one works', (_, expression, problem) => {
  const text = expression.trim();
  const scope = problem.includes('timeout') ? { ...SCOPE, timeLimit: 200 } : SCOPE;
  expect(cause(expression, scope)).toBe(
    `States.QueryEvaluationError: The JSONata expression '${text}' specified for the field 'Output' threw an error during evaluation: ${problem}`,
  );
  expect(evaluate('$v')).toBe(5);
});

test.each([
  '[1..873782] ~> $count()',
  Array(90).fill('1').join('+'),
  '$count($map([1..300], function($x) { [$x, [$x]] }))',
])('%.60s is within bounds', (expression) => {
  expect(typeof evaluate(expression)).toBe('number');
});

test('an expression leaves nothing behind', () => {
  const input = { o: { a: 1 } };
  evaluate('($p := $states.input.o.__proto__; $states.input ~> |o|{"a": 2, "b": 3}|)', scopeOf({ input }));
  expect(evaluate('$math := 1')).toBe(1);
  expect(cause('$math')).toMatch(/returned nothing/);
  expect(input).toEqual({ o: { a: 1 } });
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('the field of an error says where in the template', () => {
  const render = () => renderJsonataNow({ a: [1, { b: '{% $nope %}' }] }, SCOPE, 'Catch[0]/Output');
  expect(render).toThrow(StateError);
  expect(thrownBy(render)).toBe(
    "States.QueryEvaluationError: The JSONata expression '$nope' specified for the field 'Catch[0]/Output/a[1]/b' returned nothing (undefined).",
  );
  try {
    render();
  } catch (error) {
    expect((error as StateError).location).toBe('Catch[0]/Output/a[1]/b');
  }
});

test('a value of another type is an error in words of its own', () => {
  const error = unexpectedType('{% true %}', 'Items', { expected: 'array', value: true });
  expect(error.causeText).toBe(
    "The JSONata expression 'true' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'boolean' for value: true",
  );
});
