import { expect, test } from '@jest/globals';
import { type ReplayServices, replayEvents } from '../../lib/aws/replay-events.ts';
import type { DomainEvent } from '../../lib/domain/events.ts';

const event = (entity: string, sequence: number, at: number): DomainEvent => ({
  id: `${entity}:${sequence}`,
  source: 'rehost',
  detailType: 'App State Change',
  at,
  resources: [],
  detail: { id: `${entity}:${sequence}`, entity, sequence },
  trace: `Root=1-00000000-${entity}`,
});
const STORED = [
  [event('a', 9, 1_000), event('a', 10, 2_000), event('a', 11, 9_000)],
  [event('b', 1, 1_000), event('b', 2, 1_100)],
  [event('c', 1, 8_000)],
];

/** What was published, and whether the letters are gone. */
function services(stretches: readonly { from: number; to: number }[], stored: readonly DomainEvent[][] = STORED) {
  const published: string[][] = [];
  const traces = new Set<string | undefined>();
  const letters = { removed: false };
  const remove = async () => {
    letters.removed = true;
  };
  const made: ReplayServices = {
    async *stored() {
      yield* stored;
    },
    lost: async () => ({ stretches: [...stretches], remove }),
    events: {
      async publish(events) {
        if (letters.removed) throw new Error('the letters were removed too early');
        published.push(events.map(({ id }) => id));
        for (const { trace } of events) traces.add(trace);
      },
    },
    account: '000000000000',
    region: 'us-east-1',
  };
  return { made, published, traces, letters };
}

test('publishes of each entity what may be lost, and what came after it', async () => {
  const { made, published, traces, letters } = services([{ from: 1_900, to: 2_100 }]);
  expect(await replayEvents({}, made)).toEqual({ deadLetters: 1, events: 2 });
  expect(published).toEqual([['a:10', 'a:11']]);
  expect([...traces]).toEqual(['Root=1-00000000-a']);
  expect(letters.removed).toBe(true);
});

test('publishes each event once, whatever many letters say', async () => {
  const { made, published } = services([
    { from: 900, to: 1_500 },
    { from: 1_000, to: 3_000 },
    { from: 7_000, to: 8_000 },
  ]);
  expect(await replayEvents({}, made)).toEqual({ deadLetters: 3, events: 6 });
  expect(published.flat()).toEqual(['a:9', 'a:10', 'a:11', 'b:1', 'b:2', 'c:1']);
});

test('publishes many events some at a time, an entity’s in one', async () => {
  const many = Array.from({ length: 1_200 }, (_, index) => [event(`e${index}`, 1, 0), event(`e${index}`, 2, 0)]);
  const { made, published } = services([{ from: 0, to: 0 }], many);
  expect(await replayEvents({}, made)).toEqual({ deadLetters: 1, events: 2_400 });
  expect(published.map((ids) => ids.length)).toEqual([500, 500, 500, 500, 400]);
  expect(published.every((ids) => ids[0]!.endsWith(':1') && ids.at(-1)!.endsWith(':2'))).toBe(true);
});

test('does nothing where nothing is lost', async () => {
  const { made, published } = services([]);
  expect(await replayEvents({}, made)).toEqual({ deadLetters: 0, events: 0 });
  expect(published).toEqual([]);
});

test('takes a time that a person gives, and no letter for it', async () => {
  const { made, published, letters } = services([{ from: 0, to: 9_999 }]);
  const time = { from: '1970-01-01T00:00:07Z', to: '1970-01-01T00:00:08Z' };
  expect(await replayEvents(time, made)).toEqual({ deadLetters: 0, events: 1 });
  expect(published).toEqual([['c:1']]);
  expect(letters.removed).toBe(false);
});

test.each([
  { from: '2026-01-02' },
  { to: '2026-01-02' },
  { from: '2026-01-02', to: '2026-01-01' },
  { from: 'x', to: 'y' },
])('refuses %j', async (request) => {
  await expect(replayEvents(request, services([]).made)).rejects.toThrow('give two times in their order');
});

test('keeps the letters when the bus does not take the events', async () => {
  const { made, letters } = services([{ from: 0, to: 9_999 }]);
  const refusing = { ...made, events: { publish: () => Promise.reject(new Error('throttled')) } };
  await expect(replayEvents({}, refusing)).rejects.toThrow('throttled');
  expect(letters.removed).toBe(false);
});
