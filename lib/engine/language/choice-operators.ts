import type { Json } from '../../json.ts';
import { parseTimestamp } from './timestamp.ts';

/** Whether a value stands in a relation to what a rule says. Values of another type than the operator's stand in none. */
export type Operator = (value: Json, expected: Json) => boolean;

type Order = (sign: number) => boolean;

const numbers =
  (order: Order): Operator =>
  (value, expected) =>
    typeof value === 'number' && typeof expected === 'number' && order(Math.sign(value - expected));

const strings =
  (order: Order): Operator =>
  (value, expected) =>
    typeof value === 'string' &&
    typeof expected === 'string' &&
    order(value < expected ? -1 : value > expected ? 1 : 0);

const timestamps =
  (order: Order): Operator =>
  (value, expected) => {
    const [one, other] = [timeOf(value), timeOf(expected)];
    return one !== undefined && other !== undefined && order(Math.sign(one - other));
  };

const timeOf = (value: Json) => (typeof value === 'string' ? parseTimestamp(value) : undefined);

const equal: Order = (sign) => sign === 0;
const less: Order = (sign) => sign < 0;
const greater: Order = (sign) => sign > 0;
const lessOrEqual: Order = (sign) => sign <= 0;
const greaterOrEqual: Order = (sign) => sign >= 0;

/** The operators that compare; each has a twin whose name ends in `Path`, which takes what it compares with from a path. */
export const COMPARISONS: Readonly<Record<string, Operator>> = {
  BooleanEquals: (value, expected) => typeof value === 'boolean' && value === expected,
  NumericEquals: numbers(equal),
  NumericLessThan: numbers(less),
  NumericGreaterThan: numbers(greater),
  NumericLessThanEquals: numbers(lessOrEqual),
  NumericGreaterThanEquals: numbers(greaterOrEqual),
  StringEquals: strings(equal),
  StringLessThan: strings(less),
  StringGreaterThan: strings(greater),
  StringLessThanEquals: strings(lessOrEqual),
  StringGreaterThanEquals: strings(greaterOrEqual),
  TimestampEquals: timestamps(equal),
  TimestampLessThan: timestamps(less),
  TimestampGreaterThan: timestamps(greater),
  TimestampLessThanEquals: timestamps(lessOrEqual),
  TimestampGreaterThanEquals: timestamps(greaterOrEqual),
};

/** The operators that ask what a value is, and whether it is so or not. */
export const TESTS: Readonly<Record<string, (value: Json) => boolean>> = {
  IsBoolean: (value) => typeof value === 'boolean',
  IsNull: (value) => value === null,
  IsNumeric: (value) => typeof value === 'number',
  IsString: (value) => typeof value === 'string',
  IsTimestamp: (value) => timeOf(value) !== undefined,
};

/** Whether a text matches a pattern, in which `*` stands for any characters, `\*` for itself and `\\` for a backslash. */
export function matches(text: string, pattern: string): boolean {
  const pieces: string[] = [''];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    const isEscape = character === '\\' && (pattern[at + 1] === '*' || pattern[at + 1] === '\\');
    if (character === '*') pieces.push('');
    else pieces[pieces.length - 1] += isEscape ? pattern[++at]! : character;
  }
  return matchesPieces(text, pieces);
}

/** Finds the pieces one after the other, the first at the start and the last at the end: no need to try again, however many there are. */
function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const [first, last] = [pieces[0]!, pieces.at(-1)!];
  if (pieces.length === 1) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return position <= text.length - last.length;
}
