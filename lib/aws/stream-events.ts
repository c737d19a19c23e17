import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DomainEvent } from '../domain/events.ts';

/** A record of the table's stream, as the pipe hands it on. */
export interface StreamRecord {
  readonly dynamodb: { readonly NewImage: Record<string, AttributeValue> };
}

/** What the pipe puts on the bus for each record: its target parameters name these members. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The events that stand in records of inserted event items; without DynamoDB's type wrappers, which a pipe's template cannot take off. */
export const streamEvents = async (records: readonly StreamRecord[]): Promise<BusEntry[]> =>
  records.map(({ dynamodb: { NewImage } }) => {
    const { source, detailType, at, detail } = unmarshall(NewImage).event as DomainEvent;
    return { source, detailType, time: new Date(at).toISOString(), detail };
  });
