import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { EventBridgeEvent } from '../domain/events.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { type Pace, poll } from './poll.ts';

/** Entries of one call, and their bytes together. Source: EventBridge, quotas and "Calculating PutEvents event entry size". */
const MAX_ENTRIES = 10;
const MAX_BYTES = 262_144;
/** Bytes that the time of an entry counts for. */
const TIME_BYTES = 14;
const PACE: Pace = { first: 200, longest: 5_000, total: 30_000 };

/** An event with what it is a part of, as X-Ray's header says it. EventBridge hands that on to whatever a rule invokes, and not in the event. */
export interface TracedEvent extends EventBridgeEvent {
  readonly trace?: string | undefined;
}

/** Events on their way to a bus of EventBridge. */
export interface EventBridgeEvents {
  /**
   * Puts the events on the bus: each at least once, those of one entity in their order. Throws TransientError when the bus does not take them; what was
   * taken before is put again by the next call.
   */
  publish(events: readonly TracedEvent[]): Promise<void>;
}

/**
 * A call may take some of its entries and refuse others. So that an event never overtakes an earlier one of its entity, a call has at most one event of
 * each entity; what was refused comes first in the next call.
 */
export function eventBridgeEvents(client: EventBridgeClient, bus: string, pace: Pace = PACE): EventBridgeEvents {
  return {
    async publish(events) {
      let waiting = [...events];
      let refusal = '';
      const done = await poll(async () => {
        while (waiting.length > 0) {
          const batch = nextBatch(waiting);
          const refused = await put(client, bus, batch);
          waiting = waiting.filter((event) => !batch.includes(event) || refused.has(event));
          refusal = [...refused.values()][0] ?? '';
          if (refused.size > 0) return undefined;
        }
        return true;
      }, pace);
      if (!done) throw new TransientError(`${waiting.length} events are not on bus ${bus} yet: ${refusal}`);
    },
  };
}

/** As many events as one call takes, in order, the first of each entity only. */
function nextBatch(events: readonly TracedEvent[]): TracedEvent[] {
  const batch: TracedEvent[] = [];
  const entities = new Set<unknown>();
  let bytes = 0;
  for (const event of events) {
    const entity = event.detail.entity ?? event.resources[0] ?? event.id;
    bytes += sizeOf(event);
    if (batch.length === MAX_ENTRIES || (batch.length > 0 && bytes > MAX_BYTES)) break;
    if (!entities.has(entity)) batch.push(event);
    else bytes -= sizeOf(event);
    entities.add(entity);
  }
  return batch;
}

/** Puts the batch; answers the events that were refused, with the reason. */
async function put(client: EventBridgeClient, EventBusName: string, batch: readonly TracedEvent[]) {
  const entries = batch.map((event) => ({ ...entryOf(event), EventBusName }));
  const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
  const refused = new Map<TracedEvent, string>();
  for (const [index, event] of batch.entries()) {
    const { ErrorCode, ErrorMessage } = Entries[index] ?? { ErrorCode: 'NoAnswer', ErrorMessage: '' };
    if (ErrorCode) refused.set(event, `${event.id}: ${ErrorCode}: ${ErrorMessage}`);
  }
  return refused;
}

const entryOf = (event: TracedEvent): PutEventsRequestEntry => ({
  Source: event.source,
  DetailType: event['detail-type'],
  Time: new Date(event.time),
  Resources: [...event.resources],
  Detail: JSON.stringify(event.detail),
  ...(event.trace === undefined ? {} : { TraceHeader: event.trace }),
});

function sizeOf(event: TracedEvent): number {
  const { Source, DetailType, Detail, Resources } = entryOf(event);
  return (
    TIME_BYTES + [Source, DetailType, Detail, ...Resources!].reduce((sum, text) => sum + Buffer.byteLength(text!), 0)
  );
}
