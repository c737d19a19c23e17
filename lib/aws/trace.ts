import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { DomainEvent } from '../domain/events.ts';
import type { Ids } from './ids.ts';

/** A part of a trace in X-Ray, that of a function. */
export interface TracePart {
  readonly name: string;
  /** By these a trace is found: `annotation.app = "app-…"`. */
  readonly annotations: Ids;
  /** Milliseconds since the epoch. */
  readonly begin: number;
  readonly end: number;
  readonly failed: boolean;
}

/** Where this invocation stands in its trace, as X-Ray's header says it: root, the function's own part, and whether it is recorded. */
export function traceHeader(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { Root, Parent, Sampled } = membersOf(env._X_AMZN_TRACE_ID);
  if (!Root) return undefined;
  return [`Root=${Root}`, ...(Parent ? [`Parent=${Parent}`] : []), ...(Sampled ? [`Sampled=${Sampled}`] : [])].join(
    ';',
  );
}

/** The id of the trace, for logs. */
export function traceOf(header = process.env._X_AMZN_TRACE_ID): { traceId?: string } {
  const { Root } = membersOf(header);
  return Root ? { traceId: Root } : {};
}

/** The event as a part of that trace: with the header to publish it with, and its id where readers see it. SMS's own events stay as SMS had them. */
export const inTrace = (event: DomainEvent, trace: string | undefined): DomainEvent =>
  trace === undefined
    ? event
    : { ...event, trace, detail: event.source === 'rehost' ? { ...event.detail, ...traceOf(trace) } : event.detail };

/** Of a header whose root is none, nothing: callers of the API may have written it. */
function membersOf(header = ''): Readonly<Record<string, string>> {
  const members = Object.fromEntries(header.split(';').map((pair) => pair.split('=') as [string, string]));
  return /^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(members.Root ?? '') ? members : {};
}

/**
 * Tells X-Ray's daemon what this invocation worked on: Lambda makes the segments of a function itself, and they take no annotations. One datagram, whose
 * loss harms nobody. Source: X-Ray developer guide, "Sending trace data"; Lambda, environment variables.
 */
export async function sendTrace(env: NodeJS.ProcessEnv, part: TracePart): Promise<void> {
  const { AWS_XRAY_DAEMON_ADDRESS: address = '' } = env;
  const trace = membersOf(env._X_AMZN_TRACE_ID);
  if (!address || trace.Sampled !== '1' || !trace.Root || !trace.Parent) return;
  const subsegment = {
    id: randomBytes(8).toString('hex'),
    trace_id: trace.Root,
    parent_id: trace.Parent,
    type: 'subsegment',
    name: part.name,
    start_time: part.begin / 1_000,
    end_time: part.end / 1_000,
    ...(part.failed ? { fault: true } : {}),
    annotations: part.annotations,
  };
  const [host, port] = address.split(':');
  const socket = createSocket('udp4');
  const text = `{"format":"json","version":1}\n${JSON.stringify(subsegment)}`;
  await new Promise<void>((resolve) => socket.send(text, Number(port), host, () => resolve()));
  socket.close();
}
