import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DomainEvent } from '../domain/events.ts';

/** A record of the table's stream. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb: {
    readonly SequenceNumber?: string;
    readonly NewImage?: Record<string, AttributeValue>;
  };
}

/** What the pipe puts on the bus for each record: its target parameters name these members. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The event that stands in the record of an inserted event item; undefined for other records. */
export function eventOf({ eventName = 'INSERT', dynamodb: { NewImage } }: StreamRecord): DomainEvent | undefined {
  return eventName === 'INSERT' && NewImage?.event ? (unmarshall(NewImage).event as DomainEvent) : undefined;
}

/** The events that stand in records of inserted event items; without DynamoDB's type wrappers, which a pipe's template cannot take off. */
export const streamEvents = async (records: readonly StreamRecord[]): Promise<BusEntry[]> =>
  records.flatMap((record) => {
    const event = eventOf(record);
    if (!event) return [];
    const { source, detailType, at, detail } = event;
    return [{ source, detailType, time: new Date(at).toISOString(), detail }];
  });
