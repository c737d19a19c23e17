import { expect, test } from '@jest/globals';
import { renderTemplate } from '../../../lib/engine/language/template.ts';
import type { Json } from '../../../lib/json.ts';
import { scopeOf, thrownBy } from './scope.ts';

const SCOPE = scopeOf({ input: { id: 7, list: [1, 2] }, variables: { who: 'me' } });

test.each<[Json, Json]>([
  [{ 'id.$': '$.id' }, { id: 7 }],
  [
    { 'all.$': '$', 'context.$': '$$.Execution.Id', 'who.$': '$who' },
    {
      all: { id: 7, list: [1, 2] },
      context: 'execution-1',
      who: 'me',
    },
  ],
  [
    { fixed: '$.id', nested: { deeper: [{ 'id.$': '$.id' }, null, 'x'] } },
    {
      fixed: '$.id',
      nested: { deeper: [{ id: 7 }, null, 'x'] },
    },
  ],
  [{ 'text.$': "States.Format('id {}', $.id)" }, { text: 'id 7' }],
  [{ 'none.$': '$.missing[*]' }, { none: [] }],
  ['$.id', '$.id'],
  [null, null],
])('%j', (template, rendered) => {
  expect(renderTemplate(template, SCOPE)).toEqual(rendered);
  expect(renderTemplate(template, SCOPE)).toEqual(rendered);
});

test('a template without paths is not copied', () => {
  const template = { a: [{ b: 1 }] };
  expect(renderTemplate(template, SCOPE)).toBe(template);
});

test('a member may have any name', () => {
  const template = JSON.parse('{"__proto__.$": "$.id"}') as Json;
  expect(JSON.stringify(renderTemplate(template, SCOPE))).toBe('{"__proto__":7}');
});

test('fails in the name of the field', () => {
  expect(thrownBy(() => renderTemplate({ a: { 'b.$': '$.c' } }, scopeOf({ input: [] })))).toBe(
    "States.Runtime: The JSONPath '$.c' specified for the field 'b.$' could not be found in the input '[]'",
  );
});
