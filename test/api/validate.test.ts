import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ServiceError } from '../../lib/api/errors.ts';
import { list, oneOf, required, structure, text } from '../../lib/api/shape.ts';
import { OPERATION_SHAPES } from '../../lib/api/sms/shapes.ts';
import { validate } from '../../lib/api/validate.ts';
import type { Json } from '../../lib/json.ts';

const shape = structure({
  id: required(text({ min: 1, max: 8, pattern: /^[a-z]+$/ })),
  kind: oneOf('ONE', 'TWO'),
  count: { type: 'integer', min: 1, max: 5 },
  flag: { type: 'boolean' },
  at: { type: 'timestamp' },
  parts: list(structure({ name: required(text({ max: 4 })) }), 2),
});

test('answers the request with times as dates', () => {
  const input = { id: 'abc', kind: 'ONE', count: 5, flag: false, at: 1_477_006_131.856, parts: [{ name: 'a' }] };
  expect(validate(input, shape)).toEqual({ ...input, at: new Date('2016-10-20T23:28:51.856Z') });
});

test('takes null for absent', () => {
  expect(validate({ id: 'a', kind: null, parts: null }, shape)).toEqual({ id: 'a' });
});

test.each<[Json, string]>([
  [{ id: null }, 'id is required'],
  [{ id: '' }, 'id: "" has 0 characters; give 1 to 8'],
  [{ id: 'abcdefghi' }, 'id: "abcdefghi" has 9 characters; give 1 to 8'],
  [{ id: 'a\n' }, 'id: "a\\n" does not match ^[a-z]+$'],
  [{ id: ['a'] }, 'id: a list is not text'],
  [{ id: 'a', kind: 'one' }, 'kind: "one" is not one of ONE, TWO'],
  [{ id: 'a', count: 1.5 }, 'count: 1.5 is not a whole number'],
  [{ id: 'a', count: '1' }, 'count: "1" is not a whole number'],
  [{ id: 'a', count: 0 }, 'count: 0 is out of range; give 1 to 5'],
  [{ id: 'a', count: Number.POSITIVE_INFINITY }, 'count: Infinity is not a whole number'],
  [{ id: 'a', flag: 'true' }, 'flag: "true" is not true or false'],
  [
    { id: 'a', at: '2026-01-31T12:00:00Z' },
    'at: "2026-01-31T12:00:00Z" is not a time in seconds since 1970, as a number',
  ],
  [{ id: 'a', at: -1 }, 'at: -1 is not a time in seconds since 1970, as a number'],
  [{ id: 'a', at: Number.NaN }, 'at: NaN is not a time in seconds since 1970, as a number'],
  [{ id: 'a', at: 1e15 }, 'at: 1000000000000000 is not a time in seconds since 1970, as a number'],
  [{ id: 'a', parts: {} }, 'parts: an object is not a list'],
  [{ id: 'a', parts: [{ name: 'a' }, {}] }, 'parts[1].name is required'],
  [{ id: 'a', parts: [{ name: 'abcde' }] }, 'parts[0].name: "abcde" has 5 characters; give 0 to 4'],
  [{ id: 'a', parts: [{}, {}, {}] }, 'parts: 3 items; give at most 2'],
  [{ id: 'a', parts: [null] }, 'parts[0]: null is not an object'],
  [{ id: 'a', parts: [{ nam: 'a' }] }, 'parts[0].nam: no such member; give any of name'],
  [{ id: 'a', toString: 'a' }, 'toString: no such member; give any of at, count, flag, id, kind, parts'],
  [{ id: 'a', kind: 'x'.repeat(1_000) }, `kind: "${'x'.repeat(59)}… is not one of ONE, TWO`],
])('refuses %j', (input, message) => {
  expect(() => validate(input, shape)).toThrow(message);
});

test('refuses members where none are expected', () => {
  expect(() => validate({ a: 1 }, structure({}))).toThrow('a: no such member; leave it out, nothing is expected here');
});

/** Requests that fit a shape, as clients make them. */
const fitting = fc.record({
  appId: fc.string({ minLength: 1, maxLength: 20 }),
  name: fc.string({ maxLength: 20 }),
  tags: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: fc.string({ maxLength: 9 }) }), { maxLength: 5 }),
});

test('keeps every request that fits as it is', () => {
  fc.assert(
    fc.property(fitting, (input) => {
      expect(validate(input, OPERATION_SHAPES.UpdateApp.input)).toEqual(input);
    }),
  );
});

test('any JSON either fits or is refused by name', () => {
  const operations = Object.values(OPERATION_SHAPES);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...operations), (input, { input: members }) => {
      try {
        validate(input as Json, members);
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        expect((error as ServiceError).message.length).toBeLessThan(600);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('looks at each value once, whatever the size of the request', () => {
  let looks = 0;
  const counted = <T extends object>(value: T): T =>
    new Proxy(value, {
      get(target, name) {
        looks++;
        const member = Reflect.get(target, name);
        return typeof member === 'object' && member !== null ? counted(member) : member;
      },
    });
  const looksAt = (groups: number) => {
    looks = 0;
    const serverGroups = Array.from({ length: groups }, () => ({ serverList: [{ serverId: 's-1' }] }));
    validate(counted({ appId: 'app-1', serverGroups }) as Json, OPERATION_SHAPES.UpdateApp.input);
    return looks;
  };
  expect(looksAt(1_000) - looksAt(500)).toBe(looksAt(2_000) - looksAt(1_500));
});
