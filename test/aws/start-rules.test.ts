import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_CONFIG as config } from '../../lib/config.ts';
import type { EventBridgeEvent } from '../../lib/domain/events.ts';
import { RULES, startOf } from '../../lib/workflows/rules.ts';
import { type AwsAccount, describeOnAws, openAws, uniqueName } from '../support/aws.ts';
import { createBus, type TestBus } from '../support/bus.ts';
import { everyStateChange } from '../support/state-changes.ts';

/** No account lets others than the publisher speak as `rehost`, but a bus of one's own has no such policy. */
const PATTERNS = Object.entries(RULES).map(([detailType, { when }]) => ({
  source: ['rehost'],
  'detail-type': [detailType],
  detail: when,
}));

const nameOf = ({ 'detail-type': type, detail: { from, to, action = '' } }: EventBridgeEvent) =>
  `${type} ${from} ${to} ${action}`;

describeOnAws('the patterns of what starts workflows', () => {
  let account: AwsAccount;
  let bus: TestBus;
  let client: EventBridgeClient;
  beforeAll(async () => {
    account = await openAws();
    client = new EventBridgeClient(account.config);
    bus = await createBus({ events: client, sqs: new SQSClient(account.config) }, uniqueName('rules'), PATTERNS);
  }, 30_000);
  afterAll(async () => {
    await bus?.remove();
    await account?.close();
  });

  test('mean to EventBridge what they mean here, for every transition that there is', async () => {
    const all = everyStateChange();
    for (let from = 0; from < all.length; from += 10) await put(all.slice(from, from + 10));
    const delivered = (await bus.delivered()).map(nameOf);
    const starting = all.filter((event) => startOf(event, { config })).map(nameOf);
    expect(delivered.toSorted()).toEqual(starting.toSorted());
    expect(new Set(starting.map((name) => name.replace(/ State Change .*/, ' State Change')))).toEqual(
      new Set(Object.keys(RULES)),
    );
    expect(starting.length).toBeLessThan(all.length / 2);
  }, 30_000);

  const put = (events: readonly EventBridgeEvent[]) =>
    client.send(
      new PutEventsCommand({
        Entries: events.map((event) => ({
          Source: event.source,
          DetailType: event['detail-type'],
          Detail: JSON.stringify(event.detail),
          EventBusName: bus.name,
        })),
      }),
    );
});
