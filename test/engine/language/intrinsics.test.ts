import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { callIntrinsic } from '../../../lib/engine/language/intrinsic-call.ts';
import { INTRINSICS } from '../../../lib/engine/language/intrinsics.ts';
import type { Json } from '../../../lib/json.ts';
import { scopeOf, thrownBy } from './scope.ts';

const SCOPE = scopeOf({
  input: {
    a: [1, 2, 3, 4, 5],
    s: 'x,y;;z',
    o: { k: 1, l: [true, null, 'w'] },
    json: '{"p":[1]}',
    n: 2.5,
    name: 'Arnav',
  },
  variables: { template: "It's {}!" },
});

test.each<[string, Json]>([
  ['States.Array()', []],
  ["States.Array(1, 'two', $.n, null, true)", [1, 'two', 2.5, null, true]],
  ['States.ArrayContains($.a, 3)', true],
  ['States.ArrayContains(States.Array($.o), $.o)', true],
  ['States.ArrayContains($.a, 9)', false],
  ['States.ArrayGetItem($.a, 4)', 5],
  ['States.ArrayLength($.a)', 5],
  ['States.ArrayPartition($.a, 2)', [[1, 2], [3, 4], [5]]],
  ['States.ArrayPartition($.a, 10)', [[1, 2, 3, 4, 5]]],
  ['States.ArrayRange(1, 9, 2)', [1, 3, 5, 7, 9]],
  ['States.ArrayRange(9, 1, -4)', [9, 5, 1]],
  ['States.ArrayRange(0, 2.4, 1)', [0, 1, 2]],
  ['States.ArrayRange(3, 1, 1)', []],
  [
    'States.ArrayUnique(States.Array(1, 1, null, null, $.o, $.o, States.Array(1), States.Array(1)))',
    [1, null, { k: 1, l: [true, null, 'w'] }, [1]],
  ],
  ["States.Base64Encode('Data to encode')", 'RGF0YSB0byBlbmNvZGU='],
  ["States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", 'Data to encode'],
  ["States.Format('Hello, my name is {}.', $.name)", 'Hello, my name is Arnav.'],
  ["States.Format('{} {} {}', $.n, null, $.o)", '2.5 null {k=1, l=[true, null, w]}'],
  ["States.Format('\\{\\} {} \\'quoted\\' \\\\', $.n)", "{} 2.5 'quoted' \\"],
  ["States.Format($template, 'me')", "It's me!"],
  ["States.Hash('input data', 'SHA-1')", 'aaff4a450a104cd177d28d18d74485e8cae074b7'],
  ["States.Hash('', 'MD5')", 'd41d8cd98f00b204e9800998ecf8427e'],
  ['States.JsonMerge($.o, States.StringToJson($.json), false)', { k: 1, l: [true, null, 'w'], p: [1] }],
  ['States.JsonToString($.o)', '{"k":1,"l":[true,null,"w"]}'],
  ['States.MathAdd($.n, -1)', 2],
  ['States.MathRandom(10, 20)', 15],
  ['States.MathRandom(0, 1000, 42)', 727],
  ["States.StringSplit($.s, ',;')", ['x', 'y', 'z']],
  ['States.StringToJson(\'\\{"a": "\\\\n"\\}\')', { a: '\n' }],
  ['States.StringToJson(\'{"a": 1}\')', { a: 1 }],
  ['States.UUID()', 'uuid-1'],
  ["States.ArrayGetItem(States.StringSplit(States.Format('{}/{}', $$.Execution.Id, 'x'), '/'), 0)", 'execution-1'],
  ["States.Array( 1 ,\n $['name'] )", [1, 'Arnav']],
  ['States.Array($.a[1:3])', [[2, 3]]],
])('%s', (text, value) => {
  expect(callIntrinsic(text, SCOPE)).toEqual(value);
});

test.each([
  ['States.ArrayGetItem($.a, 9)', 'Index 9 out of bounds for length 5'],
  ['States.ArrayPartition($.a, 0)', 'The chunk size must be a positive integer but was 0'],
  ['States.ArrayRange(1, 5, 0)', 'The step of a range must not be 0'],
  ['States.ArrayRange(1, 5000, 1)', 'A range has at most 1000 items'],
  ['States.ArrayLength($.name)', 'Invalid type: expected an array but received "Arnav"'],
  ['States.MathAdd($.name, 1)', 'Invalid type: expected a number but received "Arnav"'],
  ["States.Base64Decode('%%')", 'The text is not Base64'],
  ["States.Format('{} {}', 1)", 'Expected 2 arguments for the template but received 1'],
  ["States.Format('{}', 1, 2)", 'Expected 1 arguments for the template but received 2'],
  ["States.Hash('x', 'CRC')", 'There is no algorithm CRC; use one of MD5, SHA-1, SHA-256, SHA-384, SHA-512'],
  ['States.JsonMerge($.o, $.o, true)', 'Only shallow merging is supported: the third argument must be false'],
  ["States.StringToJson('{')", 'The text is not JSON: {'],
  ['States.MathRandom(5, 5)', 'The start 5 must be less than the end 5'],
  ['States.UUID(1)', 'Invalid number of arguments: expected 0 but received 1'],
  ['States.JsonMerge($.o)', 'Invalid number of arguments: expected 2 to 3 but received 1'],
  ['States.Format()', 'Invalid number of arguments: expected at least 1 but received 0'],
])('fails: %s', (text, problem) => {
  expect(thrownBy(() => callIntrinsic(text, SCOPE))).toBe(
    `States.IntrinsicFailure: The function '${text}' had the following error: ${problem}`,
  );
});

test('fails in the name of the argument whose path leads nowhere', () => {
  const scope = scopeOf({ input: { a: 1 } });
  expect(thrownBy(() => callIntrinsic("States.Format('{}', $.b)", scope))).toBe(
    "States.Runtime: The function 'States.Format('{}', $.b)' had the following error: The JsonPath argument for the field '$.b' could not be found in the input '{\"a\":1}'",
  );
});

const nested = (depth: number): string => (depth === 0 ? '1' : `States.Array(${nested(depth - 1)})`);

test.each([
  'States.Nope()',
  'States.Array(',
  'States.Array(1,)',
  'States.Array(1 2)',
  "States.Array('a)",
  'States.Array(x)',
  'States.Array() x',
  'States.Format(\'a \\"quote\\"\')',
  "States.Format('\\n')",
  nested(11),
])('fails to take %s apart', (text) => {
  expect(() => callIntrinsic(text, SCOPE)).toThrow(SyntaxError);
});

test('ten functions may be nested', () => {
  expect(JSON.stringify(callIntrinsic(nested(10), SCOPE))).toBe(`${'['.repeat(10)}1${']'.repeat(10)}`);
});

test('what is written as text and read again is the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ maxLength: 100 }), (value, text) => {
      const scope = scopeOf({ input: { value: value as Json, text } });
      expect(callIntrinsic('States.StringToJson(States.JsonToString($.value))', scope)).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
      expect(callIntrinsic('States.Base64Decode(States.Base64Encode($.text))', scope)).toBe(
        Buffer.from(text).toString(),
      );
    }),
  );
});

test('all functions of the language are there', () => {
  expect(Object.keys(INTRINSICS)).toHaveLength(18);
});
