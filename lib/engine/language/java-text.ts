import type { Json } from '../../json.ts';
import { isObject } from './json-value.ts';

/** A value as States.Format writes it into a text: as Java does, with lists as `[1, 2]` and objects as `{a=1, b=2}`. */
export function javaText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`;
  if (!isObject(value)) return String(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}=${javaText(member)}`)
    .join(', ')}}`;
}
