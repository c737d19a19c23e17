import type { Json } from '../json.ts';
import type { Shape } from './shape.ts';

/** An output as it goes out: the members of its shape that have a value, and times as seconds since the epoch. */
export function toWire(value: unknown, shape: Shape): Json {
  if (shape.type === 'list') return (value as readonly unknown[]).map((item) => toWire(item, shape.of));
  if (shape.type !== 'structure') return value instanceof Date ? value.getTime() / 1_000 : (value as Json);
  const members: Record<string, Json> = {};
  for (const name of Object.keys(value as object)) {
    const below = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (below && member !== undefined && member !== null) members[name] = toWire(member, below);
  }
  return members;
}
