import type { Json } from '../json.ts';
import type { Shape } from './shape.ts';

/** An output as it goes out: the members of its shape that have a value, and times as seconds since the epoch. */
export function toWire(value: unknown, shape: Shape): Json {
  if (shape.type === 'structure') {
    const members: Record<string, Json> = {};
    for (const [name, below] of Object.entries(shape.members)) {
      const member = (value as Readonly<Record<string, unknown>>)[name];
      if (member !== undefined && member !== null) members[name] = toWire(member, below);
    }
    return members;
  }
  if (shape.type === 'list') return (value as readonly unknown[]).map((item) => toWire(item, shape.of));
  if (value instanceof Date) return value.getTime() / 1_000;
  return value as Json;
}
