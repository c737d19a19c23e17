import type { Json } from '../../json.ts';
import type { Shape, StringShape } from '../shape.ts';

/**
 * `wireCasing: 'legacy'`: scripts of SMS's own time compare `state == 'Failed'`, where the model says FAILED. Answers get the old spellings, and requests
 * may send them back. The shapes say which enums have one.
 */
export const toLegacy = (answer: Json, shape: Shape): Json =>
  respelled(answer, shape, (value, { legacy }) => legacy?.[value] ?? value);

export const fromLegacy = (request: Json, shape: Shape): Json =>
  respelled(request, shape, (value, { legacy = {} }) => {
    const known = Object.entries(legacy).find(([, spelling]) => spelling === value);
    return known ? known[0] : value;
  });

/** The same JSON with its enum values changed. What does not fit the shape stays as it is, for the validator to refuse. */
function respelled(value: Json, shape: Shape, change: (value: string, shape: StringShape) => string): Json {
  if (shape.type === 'string') return shape.enum && typeof value === 'string' ? change(value, shape) : value;
  if (shape.type === 'list')
    return Array.isArray(value) ? value.map((item) => respelled(item, shape.of, change)) : value;
  if (shape.type !== 'structure' || value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const below = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
      return [name, below ? respelled(member, below, change) : member];
    }),
  );
}
