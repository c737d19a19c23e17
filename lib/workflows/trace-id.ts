import { createHash } from 'node:crypto';

/** The id of a trace that begins at that time, always the same for the same name. Source: X-Ray developer guide, trace ids. */
export function newTraceId(name: string, at: number): string {
  const seconds = Math.floor(at / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `1-${seconds}-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
}
