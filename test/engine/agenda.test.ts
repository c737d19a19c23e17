import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agenda } from '../../lib/engine/agenda.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';

test('an agenda does what stands in it in the order of time, whatever was changed and dropped before', async () => {
  const key = fc.integer({ min: 0, max: 9 }).map(String);
  const change = fc.oneof(
    fc.record({ key, at: fc.integer({ min: 1, max: 1_000 }) }),
    fc.record({ key, at: fc.constant(undefined) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
      const clock = new VirtualClock(0);
      const done: [string, number][] = [];
      const agenda = new Agenda<string>(clock, (what) => done.push([what, clock.now()]));
      const expected = new Map<string, number>();
      for (const { key, at } of changes) {
        if (at === undefined) agenda.drop(key);
        else agenda.set(key, at, key);
        if (at === undefined) expected.delete(key);
        else expected.set(key, at);
      }
      await clock.advance(2_000);
      expect(done.map(([, at]) => at)).toEqual(done.map(([, at]) => at).sort((a, b) => a - b));
      expect(new Map(done)).toEqual(expected);
      expect(done).toHaveLength(expected.size);
      expect(clock.next()).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});
