import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evaluateField, evaluatePath, findPath, setAtPath } from '../../../lib/engine/language/json-path.ts';
import { parsePath } from '../../../lib/engine/language/path-parser.ts';
import type { Json } from '../../../lib/json.ts';
import { scopeOf, thrownBy } from './scope.ts';

const STORE: Json = {
  book: [
    { category: 'reference', author: 'Rees', price: 8.95 },
    { category: 'fiction', author: 'Waugh', price: 12.99, isbn: '0-553' },
    { category: 'fiction', author: 'Melville', price: 8.99, isbn: '0-395', tags: ['sea', 'whale'] },
  ],
  bicycle: { color: 'red', price: 19.95 },
};
const SCOPE = scopeOf({
  input: { store: STORE, none: null, 'two words': 1, "it's": 2, 'a-b': { 'c:d': 3 }, matrix: [[1, 2], [3]] },
  variables: { limit: 10, list: [{ id: 7 }], größe: 1 },
});

test.each<[string, Json]>([
  ['$.store.bicycle.color', 'red'],
  ['$.store.book[0].author', 'Rees'],
  ['$.store.book[-1].author', 'Melville'],
  ['$.none', null],
  ["$['two words']", 1],
  ['$["two words"]', 1],
  ["$['it\\'s']", 2],
  ['$.a-b.c:d', 3],
  ['$.matrix[1][0]', 3],
  ['$$.Execution.Input.name', 'Ada'],
  ['$limit', 10],
  ['$list[0].id', 7],
  ['$größe', 1],
])('%s names one value', (path, value) => {
  expect(evaluatePath(path, SCOPE)).toEqual(value);
  expect(parsePath(path).definite).toBe(true);
});

test.each<[string, Json]>([
  ['$.store.book[*].author', ['Rees', 'Waugh', 'Melville']],
  ['$.store.*.color', ['red']],
  ['$.store.book[0,2].author', ['Rees', 'Melville']],
  ['$.store.book[1:].price', [12.99, 8.99]],
  ['$.store.book[:-1].price', [8.95, 12.99]],
  ["$.store['bicycle','book'].color", ['red']],
  ['$..price', [8.95, 12.99, 8.99, 19.95]],
  ['$..book[0].author', ['Rees']],
  ['$.matrix[*][*]', [1, 2, 3]],
  ['$.missing[*]', []],
  ['$.missing.deeper[1:5]', []],
  ['$.none[*]', []],
])('%s names several, and answers a list', (path, values) => {
  expect(evaluatePath(path, SCOPE)).toEqual(values);
  expect(parsePath(path).definite).toBe(false);
});

test.each<[string, string[]]>([
  ['@.price < 10', ['Rees', 'Melville']],
  ['@.price >= $limit', ['Waugh']],
  ['@.price < $.store.bicycle.price', ['Rees', 'Waugh', 'Melville']],
  ["@.category == 'fiction'", ['Waugh', 'Melville']],
  ["@.category != 'fiction'", ['Rees']],
  ['@.isbn', ['Waugh', 'Melville']],
  ['!(@.isbn)', ['Rees']],
  ["@.isbn && @.price > 10 || @.author == 'Rees'", ['Rees', 'Waugh']],
  ["@.isbn && (@.price > 10 || @.author == 'Rees')", ['Waugh']],
  ["@.author in ['Rees', 'Waugh']", ['Rees', 'Waugh']],
  ["@.author nin ['Rees', 'Waugh']", ['Melville']],
  ['@.author =~ /m.*/i', ['Melville']],
  ['@.author =~ /el/', []],
  ["@.tags contains 'sea'", ['Melville']],
  ["@.tags anyof ['sea']", ['Melville']],
  ["@.tags subsetof ['sea', 'whale', 'ship']", ['Melville']],
  ['@.tags size 2', ['Melville']],
  ['@.tags empty false', ['Melville']],
  ['@[\'author\'] == "Waugh"', ['Waugh']],
])('the filter %s keeps %j', (filter, authors) => {
  expect(evaluatePath(`$.store.book[?(${filter})].author`, SCOPE)).toEqual(authors);
});

test.each<[string, Json]>([
  ['$.store.book.length()', 3],
  ['$.store.length()', 2],
  ['$..price.sum()', 50.88],
  ['$..price.min()', 8.95],
  ['$..price.max()', 19.95],
  ['$.store.book[*].price.avg()', 10.31],
  ['$.matrix[0].stddev()', 0.5],
  ['$.store.bicycle.keys()', ['color', 'price']],
  ['$.matrix.first()', [1, 2]],
  ['$.matrix.last()', [3]],
  ['$.matrix[0].index(1)', 2],
])('%s calculates', (path, value) => {
  const found = evaluatePath(path, SCOPE);
  if (typeof value === 'number') expect(found).toBeCloseTo(value, 10);
  else expect(found).toEqual(value);
});

test('a filter keeps an object by itself, and a scan keeps each object that fits', () => {
  expect(evaluatePath('$.store.bicycle[?(@.price > 10)].color', SCOPE)).toEqual(['red']);
  expect(evaluatePath('$..[?(@.price > 15)].color', SCOPE)).toEqual(['red']);
});

test.each([
  '',
  'a',
  '.a',
  '$.',
  '$..',
  '$a.',
  '$[',
  "$['a",
  '$[a]',
  '$[?(@.a]',
  '$[?(@.a ==)]',
  '$.a b',
  '$[1:2:3]',
  '$.a.size(',
  '$.f()',
  '@.a',
])('fails to take %j apart', (path) => {
  expect(() => parsePath(path)).toThrow(SyntaxError);
});

test.each([
  ['$.missing', "Invalid path '$.missing' : No results for path: $['missing']"],
  ['$.store.missing', "Invalid path '$.store.missing' : No results for path: $['store']['missing']"],
  ['$.no.such.path', "Invalid path '$.no.such.path' : Missing property in path $['no']"],
  ['$.store.book[9]', "Invalid path '$.store.book[9]' : No results for path: $['store']['book'][9]"],
  ['$nope', "Invalid path '$nope' : No results for path: $nope"],
  [
    '$.store.book.author',
    "Invalid path '$.store.book.author' : Expected to find an object with property ['author'] in path $['store']['book'] but found 'java.util.ArrayList'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
  ],
])('fails where %s leads nowhere, and says how far it leads', (path, cause) => {
  expect(thrownBy(() => evaluatePath(path, SCOPE))).toBe(`States.Runtime: ${cause}`);
});

test('fails in the name of a field', () => {
  expect(thrownBy(() => evaluateField('name.$', '$.name', scopeOf({ input: { a: 1 } })))).toBe(
    "States.Runtime: The JSONPath '$.name' specified for the field 'name.$' could not be found in the input '{\"a\":1}'",
  );
});

test.each<[string, Json, Json]>([
  ['$', { a: 1 }, 9],
  ['$.b', { a: 1 }, { a: 1, b: 9 }],
  ['$.a', { a: 1 }, { a: 9 }],
  ['$.b.c.d', { a: 1 }, { a: 1, b: { c: { d: 9 } } }],
  ['$.a[1]', { a: [1, 2, 3] }, { a: [1, 9, 3] }],
  ["$['two words']", {}, { 'two words': 9 }],
])('%s of %j is set', (path, target, result) => {
  const before = structuredClone(target);
  expect(setAtPath(path, target, 9)).toEqual(result);
  expect(target).toEqual(before);
});

test.each<[string, Json, string]>([
  ['$.a.b', { a: 1 }, 'Unable to apply step "b" to input 1'],
  ['$.a[3]', { a: [1] }, 'Unable to apply step "[3]" to input [1]'],
  ['$.a', [1], 'Unable to apply step "a" to input [1]'],
])('fails to set %s of %j', (path, target, cause) => {
  expect(thrownBy(() => setAtPath(path, target, 9))).toBe(`States.ResultPathMatchFailure: ${cause}`);
});

const NAMES = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 });
const quoted = (name: string) => `['${name.replaceAll(/['\\]/g, '\\$&')}']`;

test('what is set at a path is found there, and nothing else changes', () => {
  fc.assert(
    fc.property(NAMES, fc.jsonValue(), fc.string(), (names, value, other) => {
      const path = `$${names.map(quoted).join('')}`;
      const target = setAtPath(`$${quoted(other)}`, {}, 'kept');
      fc.pre(names[0] !== other);
      const changed = setAtPath(path, target, value as Json);
      expect(findPath(path, scopeOf({ input: changed }))).toEqual(value);
      expect(findPath(`$${quoted(other)}`, scopeOf({ input: changed }))).toBe('kept');
    }),
  );
});

test('a scan finds every value that a walk finds', () => {
  const valuesIn = (value: Json): Json[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap((one) => [one, ...valuesIn(one)]) : [];
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (input) => {
      const found = evaluatePath('$..*', scopeOf({ input: input as Json })) as Json[];
      expect(found.map((one) => JSON.stringify(one)).sort()).toEqual(
        valuesIn(input as Json)
          .map((one) => JSON.stringify(one))
          .sort(),
      );
    }),
  );
});

test('a regular expression without end fails instead of hanging', () => {
  const input = { words: ['a'.repeat(40)] };
  expect(thrownBy(() => evaluatePath('$.words[?(@ =~ /(a+)+b/)]', scopeOf({ input })))).toMatch(
    /^States.Runtime: The pattern .* takes too long/,
  );
});
