import type { Json } from '../json.ts';
import { invalidParameter, missingRequiredParameter } from './errors.ts';
import type { Members, Shape, StringShape, Structure } from './shape.ts';

/** Characters of a value that a message quotes. */
const QUOTED = 60;

/**
 * The request with its timestamps as Dates, once every member is what its shape says. Throws InvalidParameter or MissingRequiredParameter, whose message
 * names the member by its path, what it is, and what it may be. Members that are null count as absent, as clients of AWS mean them. The work grows with
 * the request's size alone: each of its values is looked at once.
 */
export function validate(input: Json, shape: Structure): Record<string, unknown> {
  return readStructure(input, shape, '');
}

function read(value: Json, shape: Shape, path: string): unknown {
  switch (shape.type) {
    case 'structure':
      return readStructure(value, shape, path);
    case 'list':
      return readList(value, shape, path);
    case 'string':
      return readString(value, shape, path);
    case 'integer':
      return readInteger(value, shape, path);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(path, value, 'true or false');
      return value;
    case 'timestamp':
      return readTimestamp(value, path);
  }
}

function readStructure(value: Json, { members, open }: Structure, path: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw wrong(path || 'the request', value, 'an object');
  if (open) return value;
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    // Only a shape's own members count, so that `__proto__` and `constructor` are unknown like any other.
    const shape = Object.hasOwn(members, name) ? members[name] : undefined;
    const member = value[name];
    if (!shape) throw unknownMember(name, members, path);
    if (member !== null && member !== undefined) result[name] = read(member, shape, below(path, name));
  }
  for (const name of requiredMembers(members))
    if (!Object.hasOwn(result, name)) throw missingRequiredParameter(`${below(path, name)} is required`);
  return result;
}

/** The required members of each structure, found once. */
const REQUIRED = new WeakMap<Members, readonly string[]>();

function requiredMembers(members: Members): readonly string[] {
  const known = REQUIRED.get(members);
  if (known) return known;
  const names = Object.keys(members).filter((name) => members[name]?.required);
  REQUIRED.set(members, names);
  return names;
}

function unknownMember(name: string, members: Members, path: string) {
  const allowed = Object.keys(members).sort().join(', ');
  const advice = allowed ? `give any of ${allowed}` : 'leave it out, nothing is expected here';
  return invalidParameter(`${below(path, shortened(name))}: no such member; ${advice}`);
}

function readList(value: Json, shape: Extract<Shape, { type: 'list' }>, path: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(path, value, 'a list');
  if (shape.max !== undefined && value.length > shape.max)
    throw invalidParameter(`${path}: ${value.length} items; give at most ${shape.max}`);
  return value.map((item, index) => read(item, shape.of, `${path}[${index}]`));
}

function readString(value: Json, shape: StringShape, path: string): string {
  if (typeof value !== 'string') throw wrong(path, value, 'text');
  if (shape.enum && !shape.enum.includes(value))
    throw invalidParameter(`${path}: ${quoted(value)} is not one of ${shape.enum.join(', ')}`);
  const { min = 0, max = Number.POSITIVE_INFINITY } = shape;
  if (value.length < min || value.length > max)
    throw invalidParameter(`${path}: ${quoted(value)} has ${value.length} characters; give ${range(min, max)}`);
  if (shape.pattern && !shape.pattern.test(value))
    throw invalidParameter(`${path}: ${quoted(value)} does not match ${shape.pattern.source}`);
  return value;
}

function readInteger(value: Json, shape: Extract<Shape, { type: 'integer' }>, path: string): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = shape;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(path, value, 'a whole number');
  if (value < min || value > max) throw invalidParameter(`${path}: ${value} is out of range; give ${range(min, max)}`);
  return value;
}

/** Times from 1970 to 9999, as a Date and ISO 8601 can hold them. */
const LAST_SECOND = 253_402_300_799;

function readTimestamp(value: Json, path: string): Date {
  // JSON numbers beyond what a double holds arrive as Infinity, which the comparison refuses.
  if (typeof value !== 'number' || !(value >= 0 && value <= LAST_SECOND))
    throw wrong(path, value, 'a time in seconds since 1970, as a number');
  return new Date(value * 1_000);
}

const below = (path: string, name: string) => (path ? `${path}.${name}` : name);

const range = (min: number, max: number) => (max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`);

const wrong = (path: string, value: Json, expected: string) =>
  invalidParameter(`${path}: ${quoted(value)} is not ${expected}`);

function quoted(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  // JSON has no infinity, but a number such as 1e400 becomes one.
  return shortened(typeof value === 'number' ? String(value) : JSON.stringify(value));
}

const shortened = (text: string) => (text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text);
