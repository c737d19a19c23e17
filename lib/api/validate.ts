import type { Json } from '../json.ts';
import { invalidParameter, missingRequiredParameter } from './errors.ts';
import type { Shape, Structure } from './shape.ts';

/** Characters of a value that a message quotes. */
const QUOTED = 60;

/**
 * The request with its timestamps as Dates, once every member is what its shape says. Throws InvalidParameter or MissingRequiredParameter, whose message
 * names the member by its path. Members that are null count as absent, as clients of AWS mean them.
 */
export function validate(input: Json, shape: Structure): Record<string, unknown> {
  return read(input, shape, '') as Record<string, unknown>;
}

function read(value: Json, shape: Shape, path: string): unknown {
  switch (shape.type) {
    case 'structure':
      return readStructure(value, shape, path);
    case 'list':
      if (!Array.isArray(value)) throw wrong(path, value, 'a list');
      if (shape.max !== undefined && value.length > shape.max)
        throw invalidParameter(`${path}: ${value.length} items; at most ${shape.max} are allowed`);
      return value.map((item, index) => read(item, shape.of, `${path}[${index}]`));
    case 'string':
      return readString(value, shape, path);
    case 'integer': {
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = shape;
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(path, value, 'a whole number');
      if (value < min || value > max) throw invalidParameter(`${path}: ${value}; give a number from ${min} to ${max}`);
      return value;
    }
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(path, value, 'true or false');
      return value;
    case 'timestamp':
      return readTimestamp(value, path);
  }
}

function readStructure(value: Json, { members }: Structure, path: string) {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw wrong(path || 'the request', value, 'an object');
  const below = (name: string) => (path ? `${path}.${name}` : name);
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
  if (unknown !== undefined)
    throw invalidParameter(
      `${below(unknown)}: no such member; there are ${Object.keys(members).sort().join(', ') || 'none'}`,
    );
  const result: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(members)) {
    const member = value[name];
    if (member !== undefined && member !== null) result[name] = read(member, shape, below(name));
    else if (shape.required) throw missingRequiredParameter(`${below(name)} is required`);
  }
  return result;
}

function readString(value: Json, shape: Extract<Shape, { type: 'string' }>, path: string): string {
  if (typeof value !== 'string') throw wrong(path, value, 'text');
  if (shape.enum && !shape.enum.includes(value))
    throw invalidParameter(`${path}: ${quote(value)} is not one of ${shape.enum.join(', ')}`);
  const { min = 0, max = Number.POSITIVE_INFINITY } = shape;
  if (value.length < min || value.length > max)
    throw invalidParameter(`${path}: ${value.length} characters; give ${min} to ${max}`);
  if (shape.pattern && !shape.pattern.test(value))
    throw invalidParameter(`${path}: ${quote(value)} does not match ${shape.pattern.source}`);
  return value;
}

/** Times from 1970 to 9999, as a Date and ISO 8601 can hold them. */
const LAST_SECOND = 253_402_300_799;

function readTimestamp(value: Json, path: string): Date {
  if (typeof value !== 'number' || !(value >= 0 && value <= LAST_SECOND))
    throw wrong(path, value, 'a time in seconds since 1970, as a number');
  return new Date(value * 1_000);
}

const wrong = (path: string, value: Json, expected: string) =>
  invalidParameter(`${path}: ${quote(value)} is not ${expected}`);

function quote(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}
