import { type DomainEvent, toEventBridge } from '../domain/events.ts';
import type { EventBridgeEvents } from './event-bridge-events.ts';
import type { lostRecords, Stretch } from './lost-records.ts';

/** Which events to publish again, by their times in ISO 8601; those that dead letters tell of where neither is given. */
export interface ReplayRequest {
  readonly from?: string;
  readonly to?: string;
}

export interface Replayed {
  /** Dead letters that were answered and removed. */
  readonly deadLetters: number;
  /** Events that were published, most of them not for the first time. */
  readonly events: number;
}

export interface ReplayServices {
  /** Every event that is kept, an entity's together, in their order. */
  stored(): AsyncIterable<readonly DomainEvent[]>;
  lost(): ReturnType<typeof lostRecords>;
  readonly events: EventBridgeEvents;
  readonly account: string;
  readonly region: string;
}

/** Events put on the bus by one call, at least, as long as there are any: entities are put side by side, an entity's events one after the other. */
const TOGETHER = 500;

/**
 * Puts events on the bus again that may never have come there: of each entity those from the first that may be lost up to its last, so that whoever
 * hears them ends with the latest state. They have the ids that they had, by which doubles are known. Dead letters are removed after that; whoever
 * dies before begins anew.
 */
export async function replayEvents(request: ReplayRequest, services: ReplayServices): Promise<Replayed> {
  const { stretches, remove } = given(request) ?? (await services.lost());
  if (stretches.length === 0) return { deadLetters: 0, events: 0 };
  const isLost = ({ at }: DomainEvent) => stretches.some(({ from, to }) => at >= from && at <= to);
  let [count, waiting]: [number, DomainEvent[]] = [0, []];
  const publish = async () => {
    await services.events.publish(waiting.map((event) => ({ ...toEventBridge(event, services), trace: event.trace })));
    count += waiting.length;
    waiting = [];
  };
  for await (const events of services.stored()) {
    const first = events.findIndex(isLost);
    if (first >= 0) waiting.push(...events.slice(first));
    if (waiting.length >= TOGETHER) await publish();
  }
  await publish();
  await remove?.();
  return { deadLetters: remove ? stretches.length : 0, events: count };
}

function given({ from, to }: ReplayRequest): { stretches: readonly Stretch[]; remove?: undefined } | undefined {
  if (from === undefined && to === undefined) return undefined;
  const stretch = { from: Date.parse(from ?? ''), to: Date.parse(to ?? '') };
  if (stretch.from <= stretch.to) return { stretches: [stretch] };
  throw new Error(`from ${from}, to ${to}: give two times in their order, such as 2026-01-31T22:00:00Z, or neither`);
}
