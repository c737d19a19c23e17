import type { Json } from '../../json.ts';
import { HASH_NAMES, hashText } from './hash-text.ts';
import { javaRandom } from './java-random.ts';
import { javaText } from './java-text.ts';
import { canonical, isObject, isSame } from './json-value.ts';
import type { Scope } from './scope.ts';

/** What is wrong with an invocation; it becomes States.IntrinsicFailure. */
export class IntrinsicProblem extends Error {
  override readonly name = 'IntrinsicProblem';
}

export interface Intrinsic {
  run(values: readonly Json[], scope: Scope): Json;
  /** How many arguments it takes; `most` is the same when it is absent. */
  readonly least: number;
  readonly most?: number;
  /** The first argument keeps the escapes of a literal. */
  readonly takesTemplate?: boolean;
}

/** Bounds that AWS documents. */
const MAX_RANGE = 1_000;
const MAX_TEXT = 10_000;

/** The functions by name. Source: AWS Step Functions developer guide, intrinsic functions. */
export const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  'States.Array': { least: 0, most: Number.POSITIVE_INFINITY, run: (values) => [...values] },
  'States.ArrayContains': { least: 2, run: ([array, value]) => list(array).some((item) => isSame(item, value)) },
  'States.ArrayGetItem': { least: 2, run: ([array, index]) => itemAt(list(array), number(index)) },
  'States.ArrayLength': { least: 1, run: ([array]) => list(array).length },
  'States.ArrayPartition': { least: 2, run: ([array, size]) => partition(list(array), number(size)) },
  'States.ArrayRange': { least: 3, run: ([first, last, step]) => range(integer(first), integer(last), integer(step)) },
  'States.ArrayUnique': { least: 1, run: ([array]) => unique(list(array)) },
  'States.Base64Decode': { least: 1, run: ([encoded]) => decode(short(encoded)) },
  'States.Base64Encode': { least: 1, run: ([data]) => Buffer.from(short(data)).toString('base64') },
  'States.Format': { least: 1, most: Number.POSITIVE_INFINITY, takesTemplate: true, run: format },
  'States.Hash': { least: 2, run: ([data, algorithm]) => hash(data!, text(algorithm)) },
  'States.JsonMerge': { least: 2, most: 3, run: ([one, other, deep]) => merge(one, other, deep) },
  'States.JsonToString': { least: 1, run: ([value]) => JSON.stringify(value) },
  'States.MathAdd': { least: 2, run: ([one, other]) => integer(one) + integer(other) },
  'States.MathRandom': { least: 2, most: 3, run: random },
  'States.StringSplit': { least: 2, run: ([data, separators]) => split(text(data), text(separators)) },
  'States.StringToJson': { least: 1, run: ([data]) => parse(text(data)) },
  'States.UUID': { least: 0, run: (_, scope) => scope.uuid() },
};

function wrong(value: Json | undefined, wanted: string): IntrinsicProblem {
  return new IntrinsicProblem(`Invalid type: expected ${wanted} but received ${JSON.stringify(value)}`);
}

function list(value: Json | undefined): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw wrong(value, 'an array');
}

function number(value: Json | undefined): number {
  if (typeof value === 'number') return value;
  throw wrong(value, 'a number');
}

/** AWS rounds numbers where it wants integers. */
const integer = (value: Json | undefined) => Math.round(number(value));

function text(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  throw wrong(value, 'a string');
}

function short(value: Json | undefined): string {
  const data = text(value);
  if (data.length > MAX_TEXT) throw new IntrinsicProblem(`A text of at most ${MAX_TEXT} characters is expected`);
  return data;
}

function itemAt(items: readonly Json[], index: number): Json {
  const item = items[index];
  if (item === undefined) throw new IntrinsicProblem(`Index ${index} out of bounds for length ${items.length}`);
  return item;
}

function partition(items: readonly Json[], size: number): Json {
  const chunk = Math.trunc(size);
  if (chunk < 1) throw new IntrinsicProblem(`The chunk size must be a positive integer but was ${size}`);
  return Array.from({ length: Math.ceil(items.length / chunk) }, (_, at) => items.slice(at * chunk, (at + 1) * chunk));
}

function range(first: number, last: number, step: number): Json {
  if (step === 0) throw new IntrinsicProblem('The step of a range must not be 0');
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > MAX_RANGE) throw new IntrinsicProblem(`A range has at most ${MAX_RANGE} items`);
  return Array.from({ length }, (_, at) => first + at * step);
}

const unique = (items: readonly Json[]): Json => [...new Map(items.map((item) => [canonical(item), item])).values()];

function decode(encoded: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(encoded))
    throw new IntrinsicProblem('The text is not Base64');
  return Buffer.from(encoded, 'base64').toString();
}

/** Fills each `{}` of a template; `\{`, `\}`, `\'` and `\\` stand for the character. */
function format([template, ...values]: readonly Json[]): Json {
  let next = 0;
  const filled = text(template).replaceAll(/\\([{}'\\])|\{\}/g, (gap, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    const value = values[next++];
    return value === undefined ? gap : javaText(value);
  });
  if (next !== values.length)
    throw new IntrinsicProblem(`Expected ${next} arguments for the template but received ${values.length}`);
  return filled;
}

function hash(data: Json, name: string): Json {
  const hashed = hashText(short(typeof data === 'string' ? data : JSON.stringify(data)), name);
  if (hashed === undefined)
    throw new IntrinsicProblem(`There is no algorithm ${name}; use one of ${HASH_NAMES.join(', ')}`);
  return hashed;
}

function merge(one: Json | undefined, other: Json | undefined, deep: Json | undefined): Json {
  if (!isObject(one)) throw wrong(one, 'an object');
  if (!isObject(other)) throw wrong(other, 'an object');
  if (deep !== undefined && deep !== false)
    throw new IntrinsicProblem('Only shallow merging is supported: the third argument must be false');
  return { ...one, ...other };
}

function random([start, end, seed]: readonly Json[], scope: Scope): Json {
  const [from, to] = [integer(start), integer(end)];
  if (from >= to) throw new IntrinsicProblem(`The start ${from} must be less than the end ${to}`);
  const share = seed === undefined ? scope.random() : javaRandom(integer(seed));
  return from + Math.floor(share * (to - from));
}

/** Any character of `separators` separates; what is empty between two is left out. */
function split(data: string, separators: string): Json {
  const parts = [''];
  for (const character of data) {
    if (separators.includes(character)) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.filter((part) => part !== '');
}

function parse(data: string): Json {
  try {
    return JSON.parse(data) as Json;
  } catch {
    throw new IntrinsicProblem(`The text is not JSON: ${data}`);
  }
}
