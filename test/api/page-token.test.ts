import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openToken, signToken } from '../../lib/api/page-token.ts';

const context = { operation: 'GetServers', filters: { index: 'all', partition: 'all' } };
const refusal = 'nextToken is not one that GetServers gave for these parameters; start again without it';

test('opens what it signed, whatever the position', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (position) => {
      expect(openToken(signToken(position, context, 'secret'), context, 'secret')).toBe(position);
    }),
  );
});

test('depends on what the filters are, not on their order', () => {
  const reordered = { ...context, filters: { partition: 'all', index: 'all' } };
  expect(openToken(signToken('5', context, 'secret'), reordered, 'secret')).toBe('5');
});

const token = signToken('position-5', context, 'secret');

test.each([
  ['of another operation', token, { ...context, operation: 'ListApps' }, 'secret'],
  ['with other filters', token, { ...context, filters: { index: 'all', partition: 'other' } }, 'secret'],
  ['of another service', token, context, 'another'],
  ['that was cut', token.slice(0, -2), context, 'secret'],
  ['that was changed', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, context, 'secret'],
  ['with characters that decoding skips', `${token}!`, context, 'secret'],
  ['that is empty', '', context, 'secret'],
  ['that is made up', 'bm8gc3VjaCB0b2tlbg', context, 'secret'],
])('refuses a token %s', (_, wrong, where, secret) => {
  expect(() => openToken(wrong, where, secret)).toThrow(refusal.replace('GetServers', where.operation));
});
