import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DomainEvent } from '../domain/events.ts';
import { EVENT_PREFIX } from './dynamo-items.ts';

/** The events that the table has, an entity's together, in their order. Reads the whole table. */
export async function* storedEvents(client: DynamoDBClient, table: string): AsyncGenerator<readonly DomainEvent[]> {
  let [pk, events]: [string, DomainEvent[]] = ['', []];
  for await (const item of eventItems(client, table)) {
    // Items of one partition come together, whatever page they are on.
    if (item.pk !== pk) {
      if (events.length > 0) yield events.toSorted(bySequence);
      [pk, events] = [item.pk, []];
    }
    events.push(item.event);
  }
  if (events.length > 0) yield events.toSorted(bySequence);
}

async function* eventItems(client: DynamoDBClient, TableName: string) {
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({
        TableName,
        ConsistentRead: true,
        FilterExpression: 'begins_with(sk, :event)',
        ProjectionExpression: 'pk, #event',
        ExpressionAttributeNames: { '#event': 'event' },
        ExpressionAttributeValues: { ':event': { S: EVENT_PREFIX } },
        ExclusiveStartKey,
      }),
    );
    for (const item of Items) yield unmarshall(item) as { pk: string; event: DomainEvent };
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** An event's id is its entity's with its number; SMS's own event has that of ours, and comes after it. */
const numberOf = ({ id }: DomainEvent) => Number(/:(\d+)(:sms)?$/.exec(id)![1]);
const bySequence = (a: DomainEvent, b: DomainEvent) => numberOf(a) - numberOf(b) || a.id.length - b.id.length;
