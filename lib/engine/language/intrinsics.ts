import { createHash, randomUUID } from 'node:crypto';
import type { Json } from '../../json.ts';
import { evaluatePath, type Scope } from './json-path.ts';
import { StateError } from './state-error.ts';

const failure = (cause: string) => new StateError('States.IntrinsicFailure', cause);

/** The functions by name. Source: AWS Step Functions developer guide, intrinsic functions. */
export const INTRINSICS: Readonly<Record<string, (...values: Json[]) => Json>> = {
  'States.Array': (...values) => values,
  'States.ArrayContains': (array, value) => list(array).some((item) => JSON.stringify(item) === JSON.stringify(value)),
  'States.ArrayGetItem': (array, index) => list(array)[index as number] ?? null,
  'States.ArrayLength': (array) => list(array).length,
  'States.ArrayPartition': (array, size) => {
    const chunk = Math.trunc(size as number);
    if (!(chunk > 0))
      throw failure(`States.ArrayPartition: chunk size ${JSON.stringify(size)} is not a positive number`);
    return Array.from({ length: Math.ceil(list(array).length / chunk) }, (_, at) =>
      list(array).slice(at * chunk, (at + 1) * chunk),
    );
  },
  'States.ArrayRange': (first, last, step) => {
    const [from, to, by] = [first, last, step].map(Number) as [number, number, number];
    const count = Math.floor((to - from) / by) + 1;
    if (!(by !== 0 && count <= 1_000))
      throw failure('States.ArrayRange: a range has a step other than 0 and at most 1000 items');
    return Array.from({ length: Math.max(0, count) }, (_, at) => from + at * by);
  },
  'States.ArrayUnique': (array) => [...new Map(list(array).map((item) => [JSON.stringify(item), item])).values()],
  'States.Base64Decode': (text) => Buffer.from(String(text), 'base64').toString(),
  'States.Base64Encode': (text) => Buffer.from(String(text)).toString('base64'),
  'States.Format': (template, ...values) => {
    let next = 0;
    return String(template)
      .replaceAll(/(?<!\\)\{\}/g, () => textOf(values[next++]))
      .replaceAll(/\\([{}'\\])/g, '$1');
  },
  'States.Hash': (value, algorithm) =>
    createHash(String(algorithm).replace('-', '').toLowerCase()).update(textOf(value)).digest('hex'),
  'States.JsonMerge': (first, second) => ({ ...(first as object), ...(second as object) }),
  'States.JsonToString': (value) => JSON.stringify(value),
  'States.MathAdd': (first, second) => Math.round(Number(first)) + Math.round(Number(second)),
  'States.MathRandom': (from, to) => Math.floor(Number(from) + Math.random() * (Number(to) - Number(from))),
  'States.StringSplit': (text, separators) => {
    const characters = String(separators).replaceAll(/[\\\]^-]/g, '\\$&');
    return String(text)
      .split(new RegExp(`[${characters}]`))
      .filter(Boolean);
  },
  'States.StringToJson': (text) => {
    try {
      return JSON.parse(String(text)) as Json;
    } catch {
      throw failure(`States.StringToJson: ${JSON.stringify(text)} is not JSON`);
    }
  },
  'States.UUID': () => randomUUID(),
};

const textOf = (value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

function list(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value;
  throw failure(`${JSON.stringify(value)} is not an array`);
}

export const isIntrinsic = (text: string) => text.startsWith('States.');

/** Runs `States.Name(argument, …)`; arguments are paths, literals and further functions. Throws States.IntrinsicFailure. */
export function runIntrinsic(text: string, scope: Scope): Json {
  const reader = { text, position: 0 };
  const value = readCall(reader, scope);
  if (reader.position < text.length)
    throw failure(`"${text}" goes on after its end, at "${text.slice(reader.position)}"`);
  return value;
}

interface Reader {
  readonly text: string;
  position: number;
}

function take(reader: Reader, pattern: RegExp): string | undefined {
  const sticky = new RegExp(pattern, 'y');
  sticky.lastIndex = reader.position;
  const match = sticky.exec(reader.text);
  if (!match) return undefined;
  reader.position = sticky.lastIndex;
  return match[0];
}

function readCall(reader: Reader, scope: Scope): Json {
  const name = take(reader, /States\.\w+/) ?? '';
  const run = INTRINSICS[name];
  if (!run || !take(reader, /\(\s*/)) throw failure(`"${reader.text}" does not call a function that there is`);
  const values: Json[] = [];
  while (!take(reader, /\s*\)/)) {
    if (values.length > 0 && !take(reader, /\s*,\s*/))
      throw failure(`"${reader.text}" lacks a comma at "${reader.text.slice(reader.position)}"`);
    values.push(readArgument(reader, scope));
  }
  return run(...values);
}

function readArgument(reader: Reader, scope: Scope): Json {
  const quoted = take(reader, /'(?:[^'\\]|\\.)*'/);
  if (quoted !== undefined) return quoted.slice(1, -1).replaceAll("\\'", "'");
  const literal = take(reader, /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/);
  if (literal !== undefined) return JSON.parse(literal) as Json;
  if (reader.text.startsWith('States.', reader.position)) return readCall(reader, scope);
  const path = take(reader, /\$(?:[^,()\s'[\]]|\[(?:'(?:[^'\\]|\\.)*'|[^\]'])*\])*/);
  if (path !== undefined) return evaluatePath(path, scope);
  throw failure(`"${reader.text}" has no argument at "${reader.text.slice(reader.position)}"`);
}
