import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTimestamp } from '../../../lib/engine/language/timestamp.ts';

test.each([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.5Z', '2026-01-31T12:00:00.500Z'],
  ['2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123Z'],
  ['2026-01-31T12:00:00+01:30', '2026-01-31T10:30:00.000Z'],
  ['2024-02-29T00:00:00-00:01', '2024-02-29T00:01:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
])('%s is %s', (text, expected) => {
  expect(new Date(parseTimestamp(text)!).toISOString()).toBe(expected);
});

test.each([
  '',
  '2026-01-31',
  '2026-01-31T12:00:00',
  '2026-01-31 12:00:00Z',
  '2026-01-31t12:00:00z',
  '2026-13-05T21:29:29Z',
  '2026-02-29T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:61Z',
  '2026-01-31T12:00:00.Z',
  '26-01-31T12:00:00Z',
])('%s is none', (text) => {
  expect(parseTimestamp(text)).toBeUndefined();
});

test('what a date writes is read', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(fc.property(date, (at) => expect(parseTimestamp(at.toISOString())).toBe(at.getTime())));
});
