import { EventBridgeClient, PutEventsCommand, type PutEventsCommandInput } from '@aws-sdk/client-eventbridge';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { eventBridgeEvents } from '../../lib/aws/event-bridge-events.ts';
import type { EventBridgeEvent } from '../../lib/domain/events.ts';

// moto takes every entry, or fails the whole call: it has no entries that are refused one by one.
const client = new EventBridgeClient({ region: 'us-east-1' });
const bridge = mockClient(client);
const { publish } = eventBridgeEvents(client, 'rehost', { first: 1, longest: 1, total: 3 });
const event = (entity: string, sequence: number) =>
  ({
    id: `${entity}:${sequence}`,
    source: 'rehost',
    'detail-type': 't',
    time: '2026-01-01',
    resources: [],
    detail: { entity, sequence },
  }) as unknown as EventBridgeEvent;
const idsOf = ({ Entries = [] }: PutEventsCommandInput) =>
  Entries.map(({ Detail }) => {
    const { entity, sequence } = JSON.parse(Detail!) as { entity: string; sequence: number };
    return `${entity}:${sequence}`;
  });

/** Answers each call; refuses the entries that `refuse` names. */
function answer(refuse: (id: string, call: number) => boolean): string[][] {
  const taken: string[][] = [];
  bridge.on(PutEventsCommand).callsFake((input: PutEventsCommandInput) => {
    const ids = idsOf(input);
    const call = taken.length;
    taken.push(ids.filter((id) => !refuse(id, call)));
    const Entries = ids.map((id) =>
      refuse(id, call) ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow' } : { EventId: id },
    );
    return { Entries, FailedEntryCount: 0 };
  });
  return taken;
}

beforeEach(() => void bridge.reset());

test('a refused event is put again before any later one of its entity', async () => {
  const taken = answer((id, call) => id === 'a:1' && call < 2);
  await publish([event('a', 1), event('b', 1), event('a', 2), event('b', 2), event('a', 3)]);
  expect(taken).toEqual([['b:1'], ['b:2'], ['a:1'], ['a:2'], ['a:3']]);
});

test('a call has ten events at most, of as many entities', async () => {
  const taken = answer(() => false);
  await publish(Array.from({ length: 24 }, (_, index) => event(`e${index % 12}`, index)));
  expect(taken.map((ids) => ids.length)).toEqual([10, 10, 4]);
  expect(new Set(taken[0]!.map((id) => id.split(':')[0])).size).toBe(10);
});

test('a bus that takes nothing fails by name, with the reason', async () => {
  answer(() => true);
  await expect(publish([event('a', 1), event('a', 2)])).rejects.toMatchObject({
    name: 'TransientError',
    message: '2 events are not on bus rehost yet: a:1: ThrottlingException: slow',
  });
});
