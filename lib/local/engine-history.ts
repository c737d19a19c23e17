import type { HistoryEvent } from '../engine/execution.ts';
import type { EngineStore } from '../engine/store.ts';
import type { Sql } from './prepared.ts';

/** Members that repeat what the execution works on: one state's output is the next one's input, and the task's parameters. */
const PAYLOADS = ['input', 'output', 'parameters'] as const;
/** Characters from which a text is worth keeping once. */
const WORTH = 40;
/** Payloads that are looked at for the same text again: what repeats does so within a few events. */
const NEAR = 6;
/** Stands between the parts of a row. JSON text has no such character, so that payloads stand in the row as they are. */
const SEPARATOR = '\u001e';

type Details = Record<string, unknown>;

/** The events of a turn as text: first the long payloads, each once, then the events, with its place where a payload was. */
export function packEvents(events: readonly HistoryEvent[]): string {
  const texts: string[] = [];
  const packed = events.map((event) => withPayloads(event, (value) => placed(value, texts)));
  return [...texts, JSON.stringify(packed)].join(SEPARATOR);
}

/** What stands in an event for a payload: its place, or itself where it is short. */
function placed(value: unknown, texts: string[]): unknown {
  // A lone surrogate is kept by JSON's escapes only.
  if (typeof value !== 'string' || value.length < WORTH || !value.isWellFormed()) return value;
  for (let place = texts.length - 1; place >= 0 && place >= texts.length - NEAR; place--)
    if (texts[place] === value) return place;
  return texts.push(value) - 1;
}

export function unpackEvents(packed: string): HistoryEvent[] {
  const texts = packed.split(SEPARATOR);
  const events = JSON.parse(texts.pop()!) as HistoryEvent[];
  return events.map((event) => withPayloads(event, (value) => (typeof value === 'number' ? texts[value] : value)));
}

/** The event with other payloads. */
function withPayloads(event: HistoryEvent, map: (value: unknown) => unknown): HistoryEvent {
  for (const name in event) {
    const details = event[name];
    if (typeof details !== 'object' || details === null) continue;
    const changed: Details = { ...details };
    for (const member of PAYLOADS) if (changed[member] !== undefined) changed[member] = map(changed[member]);
    return { ...event, [name]: changed };
  }
  return event;
}

type EventsQuery = Parameters<EngineStore['events']>[0];

/** Characters of payloads after which a page is full: it must fit into one answer. */
const PAGE_PAYLOADS = 2_097_152;

/** Events of an execution, fewer than the limit where they are large. */
export function listedEvents(sql: Sql, { executionArn, after, limit, reverse }: EventsQuery): HistoryEvent[] {
  const found: HistoryEvent[] = [];
  let payloads = 0;
  const chunks = chunksOf(sql, executionArn);
  if (!reverse) chunks.reverse();
  for (const number of chunks) {
    const { events: packed } = sql('SELECT events FROM history WHERE number = ?').get(number)!;
    const events = unpackEvents(packed as string);
    if (reverse) events.reverse();
    for (const event of events) {
      if (reverse ? event.id >= after : event.id <= after) continue;
      payloads += payloadOf(event);
      if (found.push(event) >= limit || payloads >= PAGE_PAYLOADS) return found;
    }
  }
  return found;
}

/** Characters of what an event says that the execution worked on. */
function payloadOf(event: HistoryEvent): number {
  const details = (Object.values(event).find((value) => typeof value === 'object') ?? {}) as Details;
  return PAYLOADS.reduce((sum, member) => sum + String(details[member] ?? '').length, 0);
}

/** The rows of an execution's history, the last one first. */
function chunksOf(sql: Sql, executionArn: string): number[] {
  const last = sql(
    `SELECT COALESCE(turn.history, execution.history) AS number FROM execution
     LEFT JOIN turn ON turn.execution = execution.number WHERE arn = ?`,
  ).get(executionArn);
  return chainFrom(sql, last?.number as number | null | undefined);
}

/** The rows of a history, from its last one back. */
export function chainFrom(sql: Sql, last: number | null | undefined): number[] {
  const chain: number[] = [];
  for (let number = last; typeof number === 'number'; ) {
    chain.push(number);
    number = sql('SELECT previous FROM history WHERE number = ?').get(number)?.previous as number | null;
  }
  return chain;
}
