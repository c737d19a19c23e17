import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type DomainEvent, toEventBridge } from '../domain/events.ts';
import type { EventBridgeEvents } from './event-bridge-events.ts';

/** A record of the table's stream. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb: {
    readonly SequenceNumber?: string;
    readonly ApproximateCreationDateTime?: Date | number;
    readonly NewImage?: Record<string, AttributeValue>;
  };
}

/** The event that stands in the record of an inserted event item; undefined for other records. */
export function eventOf({ eventName, dynamodb: { NewImage } }: StreamRecord): DomainEvent | undefined {
  return eventName === 'INSERT' && NewImage?.event ? (unmarshall(NewImage).event as DomainEvent) : undefined;
}

/**
 * Puts the events that stand in the records on the bus. Throws when the bus does not take all of them: the stream then offers the same records again,
 * and none that come after them.
 */
export async function publishStream(
  records: readonly StreamRecord[],
  { events, ...place }: { events: EventBridgeEvents; account: string; region: string },
): Promise<void> {
  const found = records.flatMap((record) => eventOf(record) ?? []);
  await events.publish(found.map((event) => ({ ...toEventBridge(event, place), trace: event.trace })));
}
