import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { eventBridgeEvents } from '../../lib/aws/event-bridge-events.ts';
import type { DomainEvent, EventBridgeEvent } from '../../lib/domain/events.ts';
import { EventRelay } from '../../lib/local/event-relay.ts';
import { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { type AwsAccount, describeOnAws, openAws, uniqueName } from '../support/aws.ts';
import { createBus, type TestBus } from '../support/bus.ts';
import { type DeliveredEvent, eventsContract } from './events.ts';

/** The events as they stand in the outbox. */
const domainEvent = ({
  source,
  'detail-type': detailType,
  time,
  id,
  detail,
  resources,
}: EventBridgeEvent): DomainEvent => ({
  id: `${id}:${source}:${JSON.stringify(detail).length}`,
  source: source as DomainEvent['source'],
  detailType,
  at: Date.parse(time),
  resources: resources.map((arn) => arn.split(':').at(-1)!),
  detail,
});

/** An outbox in memory, a relay, and who takes what it delivers. */
function relayed(subscribe: (relay: EventRelay) => void) {
  const store = new SqliteStore(':memory:');
  const clock = new VirtualClock();
  const failures: unknown[] = [];
  const log = (entry: object) => void failures.push(entry);
  const relay = new EventRelay({ outbox: store, clock, account: '123456789012', region: 'us-east-1', log });
  subscribe(relay);
  return {
    clock,
    failures,
    idle: () => relay.idle(),
    async publish(events: readonly EventBridgeEvent[]) {
      await store.append(events.map(domainEvent));
      await relay.idle();
    },
    async close() {
      await relay.stop();
      store.close();
    },
  };
}

describe('the outbox on one machine', () => {
  eventsContract(async () => {
    let seen: DeliveredEvent[] = [];
    const outbox = relayed((relay) => relay.subscribe(async (event) => void seen.push(event)));
    return {
      ...outbox,
      async delivered() {
        const delivered = seen;
        seen = [];
        return delivered;
      },
    };
  });
});

describeOnAws('the outbox to EventBridge', () => {
  let account: AwsAccount;
  let bus: TestBus;
  let client: EventBridgeClient;

  beforeAll(async () => {
    account = await openAws();
    client = awsClient(EventBridgeClient, account.config);
    bus = await createBus({ events: client, sqs: new SQSClient(account.config) }, uniqueName('rehost-contract'));
  });
  afterAll(async () => {
    await bus?.remove();
    await account?.close();
  });

  eventsContract(async () => {
    const { publish } = eventBridgeEvents(client, bus.name);
    return { ...relayed((relay) => relay.subscribeInBatches(publish)), delivered: bus.delivered };
  });

  test('keeps what the bus does not take, and delivers it when it does again', async () => {
    if (!account.proxy) return;
    const impatient = awsClient(EventBridgeClient, { ...account.config, maxAttempts: 1 });
    const { publish } = eventBridgeEvents(impatient, bus.name, { first: 1, longest: 1, total: 1 });
    const outbox = relayed((relay) => relay.subscribeInBatches(publish));
    let down = true;
    account.proxy.faultOf = ({ service }) => (service === 'events' && down ? 'throttle' : undefined);
    const event = { id: 'app-9:1', source: 'rehost', 'detail-type': 't', time: '2026-01-01T00:00:00Z', resources: [] };
    await outbox.publish([
      { ...event, version: '0', account: '', region: '', detail: { entity: 'app-9', sequence: 1 } },
    ]);
    expect([outbox.failures.length, await bus.delivered()]).toEqual([1, []]);
    down = false;
    await outbox.clock.advance(1_000);
    await outbox.idle();
    expect(await bus.delivered()).toMatchObject([{ detail: { entity: 'app-9', sequence: 1 } }]);
    await outbox.close();
  });
});
