import type { HistoryEvent } from '../engine/execution.ts';

/** Members that repeat what the execution works on: one state's output is the next one's input, and the task's parameters. */
const PAYLOADS = ['input', 'output', 'parameters'];
/** Characters from which a text is worth keeping once. */
const WORTH = 40;

type Details = Record<string, unknown>;

/** The events of a turn as text, in which each long payload stands once; its place stands where it was. */
export function packEvents(events: readonly HistoryEvent[]): string {
  const texts: string[] = [];
  const places = new Map<string, number>();
  const placed = (text: string) => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, texts.length);
    return texts.push(text) - 1;
  };
  const packed = events.map((event) =>
    mapDetails(event, (value) => (typeof value === 'string' && value.length >= WORTH ? placed(value) : value)),
  );
  return JSON.stringify([texts, packed]);
}

export function unpackEvents(packed: string): HistoryEvent[] {
  const [texts, events] = JSON.parse(packed) as [string[], HistoryEvent[]];
  return events.map((event) => mapDetails(event, (value) => (typeof value === 'number' ? texts[value] : value)));
}

function mapDetails(event: HistoryEvent, map: (value: unknown) => unknown): HistoryEvent {
  for (const name in event) {
    const details = event[name];
    if (typeof details !== 'object' || details === null) continue;
    const changed: Details = { ...details };
    for (const member of PAYLOADS) if (member in changed) changed[member] = map(changed[member]);
    return { ...event, [name]: changed };
  }
  return event;
}
