import { expect, test } from '@jest/globals';
import { type EventPattern, matches } from '../../lib/domain/event-pattern.ts';

test.each<[string, EventPattern, object, boolean]>([
  ['a value', { to: ['A', 'B'] }, { to: 'B' }, true],
  ['another value', { to: ['A'] }, { to: 'B' }, false],
  ['no value', { to: ['A'] }, {}, false],
  ['null', { from: [null] }, { from: null }, true],
  ['nothing instead of null', { from: [null] }, {}, false],
  ['one of a list', { tags: ['a'] }, { tags: ['b', 'a'] }, true],
  ['a number that is no text', { count: [1] }, { count: '1' }, false],
  ['what is there', { action: [{ exists: true }] }, { action: 'START' }, true],
  ['what is not there', { action: [{ exists: true }] }, {}, false],
  ['what is not to be there', { action: [{ exists: false }] }, {}, true],
  ['a member within', { detail: { to: ['A'] } }, { detail: { to: 'A' } }, true],
  ['a member within what is none', { detail: { to: ['A'] } }, { detail: 'A' }, false],
  ['all of several', { from: ['A'], to: ['B'] }, { from: 'A', to: 'C' }, false],
  ['one of two patterns', { $or: [{ from: [null] }, { to: ['B'] }] }, { from: 'A', to: 'B' }, true],
  ['none of two patterns', { $or: [{ from: [null] }, { to: ['B'] }] }, { from: 'A', to: 'A' }, false],
  ['one of two, and what stands beside', { x: [1], $or: [{ to: ['B'] }] }, { x: 2, to: 'B' }, false],
])('%s', (_, pattern, event, fits) => expect(matches(pattern, event)).toBe(fits));
