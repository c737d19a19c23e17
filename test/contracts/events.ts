import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EventBridgeEvent } from '../../lib/domain/events.ts';

/** An event as a bus delivered it. */
export type DeliveredEvent = Pick<EventBridgeEvent, 'source' | 'detail-type' | 'detail' | 'resources'>;

export interface OpenBus {
  publish(events: readonly EventBridgeEvent[]): Promise<void>;
  /** All that was delivered since the last call, in order. */
  delivered(): Promise<DeliveredEvent[]>;
  close(): Promise<void>;
}

const event = (entity: string, sequence: number, more: object = {}): EventBridgeEvent => ({
  version: '0',
  id: `${entity}:${sequence}`,
  source: 'rehost',
  'detail-type': 'App State Change',
  account: '123456789012',
  region: 'us-east-1',
  time: '2026-01-01T00:00:00.000Z',
  resources: [],
  detail: { entity, sequence, id: `${entity}:${sequence}` },
  ...more,
});

/** What every way from the outbox to a bus must do. */
export function eventsContract(open: () => Promise<OpenBus>) {
  let bus: OpenBus;
  beforeAll(async () => {
    bus = await open();
  });
  afterAll(() => bus?.close());

  test('delivers every event with its source, type, resources and detail', async () => {
    const resources = ['arn:aws:sms:us-east-1:123456789012:sms-job-1'];
    const sms = { source: 'rehost.sms', 'detail-type': 'Server Migration Job State Change', resources };
    await bus.publish([event('app-1', 1, { ...sms, detail: { state: 'Completed', größe: '∞' } })]);
    expect(await bus.delivered()).toMatchObject([{ ...sms, detail: { state: 'Completed', größe: '∞' } }]);
  });

  test('delivers dozens, those of one entity in their order', async () => {
    const events = Array.from({ length: 57 }, (_, index) => event(`app-${index % 5}`, Math.floor(index / 5) + 1));
    await bus.publish(events);
    const delivered = await bus.delivered();
    expect(delivered).toHaveLength(57);
    for (let app = 0; app < 5; app++) {
      const own = delivered.filter(({ detail }) => detail.entity === `app-${app}`).map(({ detail }) => detail.sequence);
      expect(own).toEqual(own.map((_, index) => index + 1));
    }
  });

  test('delivers events that are too large to go together', async () => {
    const large = (index: number) =>
      event(`app-${index}`, 1, { detail: { entity: `app-${index}`, text: 'x'.repeat(99_000) } });
    await bus.publish([1, 2, 3, 4, 5].map(large));
    expect(await bus.delivered()).toHaveLength(5);
  });

  test('has nothing to do without events', async () => {
    await bus.publish([]);
    expect(await bus.delivered()).toEqual([]);
  });
}
