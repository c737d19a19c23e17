import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
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

/**
 * Tells X-Ray's daemon what this invocation worked on: Lambda makes the segments of a function itself, and they take no annotations. One datagram, whose
 * loss harms nobody. Source: X-Ray developer guide, "Sending trace data"; Lambda, environment variables.
 */
export async function sendTrace(env: NodeJS.ProcessEnv, part: TracePart): Promise<void> {
  const { AWS_XRAY_DAEMON_ADDRESS: address = '', _X_AMZN_TRACE_ID: header = '' } = env;
  const trace = Object.fromEntries(header.split(';').map((pair) => pair.split('=') as [string, string]));
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
