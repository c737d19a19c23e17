import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packEvents, unpackEvents } from '../../lib/local/engine-history.ts';

/** JSON text, long and short, some of it with what only JSON's escapes can keep, some of it with white space as a caller may give it. */
const payload = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom(`"${'x'.repeat(60)}"`, `{\n\t"a": "${'é'.repeat(50)}" }`, `"\ud800${'y'.repeat(50)}"`),
);
const event = fc.record({
  id: fc.nat(),
  previousEventId: fc.nat(),
  type: fc.constant('PassStateEntered'),
  timestamp: fc.nat(),
  details: fc.option(fc.record({ name: fc.string(), input: payload, output: payload }, { requiredKeys: ['name'] }), {
    nil: undefined,
  }),
});

test('events come out of a row as they went in', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      expect(unpackEvents(packEvents(events))).toEqual(events);
    }),
  );
});

test('a payload that many events have stands in the row once', () => {
  const input = JSON.stringify('x'.repeat(1_000));
  const events = Array.from({ length: 20 }, (_, id) => ({
    id,
    previousEventId: 0,
    type: 'PassStateEntered',
    timestamp: 0,
    stateEnteredEventDetails: { input, name: 'P' },
  }));
  expect(packEvents(events).length).toBeLessThan(4_000);
});
