import { expect, test } from '@jest/globals';
import { END, findIn, jsonata } from './findings.ts';

test.each<[string, string, string]>([
  ['$states.input.a[x = 1].y', '', ''],
  ['($p := 1; $map([1..3], function($i) { $i + $p }))', '', ''],
  ['phone', 'UNSUPPORTED_JSONATA_EXPRESSION', "Reference to 'phone' at the top level is not supported."],
  ['$sum([1, a.b])', 'UNSUPPORTED_JSONATA_EXPRESSION', "Reference to 'a' at the top level is not supported."],
  ['$', 'UNSUPPORTED_JSONATA_EXPRESSION', "Reference to '$' at the top level is not supported."],
  ['$$.a', 'UNSUPPORTED_JSONATA_EXPRESSION', "Reference to '$$' is not supported."],
  ['**', 'UNSUPPORTED_JSONATA_EXPRESSION', "Reference to '**' at the top level is not supported."],
  [
    '$states.errorOutput',
    'UNSUPPORTED_JSONATA_EXPRESSION',
    "Reference to '$states.errorOutput' is supported in Catch only.",
  ],
  ['1 +', 'INVALID_JSONATA_EXPRESSION', 'Unexpected end of expression'],
  ['a[1,2)', 'INVALID_JSONATA_EXPRESSION', 'Expected "]", got ","'],
])('the expression %s: %s', (expression, code, message) => {
  const found = findIn({ ...END, ...jsonata, Output: { v: `{% ${expression} %}` } });
  expect(found).toEqual(code === '' ? [] : [['/States/S/Output/v', `${code}: ${message}`]]);
});
