import { randomUUID } from 'node:crypto';
import type { JsonApi, Route } from '../api/dispatch.ts';
import { ServiceError } from '../api/errors.ts';
import type { Clock } from '../clock.ts';
import { type DomainEvent, toEventBridge } from '../domain/events.ts';
import type { Json } from '../json.ts';
import type { Outbox } from '../store.ts';

/** Entries that PutEvents takes at once. Source: EventBridge API, PutEvents. */
const MAX_ENTRIES = 10;
/** Events on a page of `/events`. */
const PAGE = 500;

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
}

/** EventBridge's PutEvents, so that callers can ask for a migration by an event. Source: EventBridge API. */
export function eventsApi(outbox: Outbox, clock: Clock): JsonApi {
  return {
    targetPrefix: 'AWSEvents',
    signingName: 'events',
    jsonVersion: '1.1',
    async call(operation, input) {
      if (operation !== 'PutEvents')
        throw new ServiceError(
          'UnknownOperationException',
          `operation ${operation} of EventBridge is not served here; PutEvents is`,
        );
      const { Entries: entries } = input as { Entries?: Entry[] };
      if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_ENTRIES)
        throw new ServiceError('ValidationException', `Entries: give a list of 1 to ${MAX_ENTRIES} events`);
      const read = entries.map((entry) => readEntry(entry, clock.now()));
      await outbox.append(read.filter((event): event is DomainEvent => 'id' in event));
      const failed = read.filter((event) => 'ErrorCode' in event).length;
      return {
        FailedEntryCount: failed,
        Entries: read.map((event) => ('id' in event ? { EventId: event.id } : event)),
      };
    },
  };
}

function readEntry(
  { Source, DetailType, Detail }: Entry,
  at: number,
): DomainEvent | { ErrorCode: string; ErrorMessage: string } {
  const refused = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });
  if (!Source || !DetailType || Detail === undefined)
    return refused('InvalidArgument', 'Source, DetailType and Detail are required');
  if (/^(aws|rehost)/.test(Source))
    return refused('NotAuthorizedForSource', `source ${Source} is reserved; use one of your own`);
  try {
    const detail = JSON.parse(Detail) as Json;
    if (detail === null || typeof detail !== 'object' || Array.isArray(detail))
      return refused('MalformedDetail', 'Detail is not a JSON object');
    // The source is the caller's own, so that nothing of it can pass for ours.
    return {
      id: randomUUID(),
      source: Source as DomainEvent['source'],
      detailType: DetailType,
      at,
      resources: [],
      detail,
    };
  } catch {
    return refused('MalformedDetail', 'Detail is not JSON');
  }
}

/** `GET /events?after=POSITION`: the events after that position, one JSON document a line. */
export function eventsRoute(outbox: Outbox, place: { account: string; region: string }): Route {
  return {
    path: '/events',
    signingName: 'rehost',
    async get({ after = '0' }) {
      const position = Number(after);
      if (!Number.isSafeInteger(position) || position < 0)
        throw new ServiceError('ValidationException', `after: ${after} is not a position; begin with 0`);
      const entries = await outbox.read(position, PAGE);
      const lines = entries.map(
        (entry) => `${JSON.stringify({ position: entry.position, event: toEventBridge(entry.event, place) })}\n`,
      );
      return { contentType: 'application/x-ndjson', body: lines.join('') };
    },
  };
}
