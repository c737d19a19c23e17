import type { Json } from '../../json.ts';
import { isMatch } from './bounded-pattern.ts';
import { isObject, isSame } from './json-value.ts';
import { lookUp, type Place } from './path-evaluator.ts';
import type { Filter, Operand } from './path-syntax.ts';

type Value = Json | undefined;
type Comparison = (left: Value, right: Value) => boolean;

const includes = (list: Value, value: Value) => Array.isArray(list) && list.some((item) => isEqual(item, value));
const every = (list: Value, test: (item: Json) => boolean) => Array.isArray(list) && list.every(test);
const some = (list: Value, test: (item: Json) => boolean) => Array.isArray(list) && list.some(test);

/** Numbers and texts compare with their like only; everything else is neither less nor more. */
const ordered =
  (test: (sign: number) => boolean): Comparison =>
  (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return test(left - right);
    return typeof left === 'string' && typeof right === 'string' && test(left < right ? -1 : left > right ? 1 : 0);
  };

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '==': isEqual,
  '!=': (left, right) => !isEqual(left, right),
  '<': ordered((sign) => sign < 0),
  '<=': ordered((sign) => sign <= 0),
  '>': ordered((sign) => sign > 0),
  '>=': ordered((sign) => sign >= 0),
  in: (left, right) => includes(right, left),
  nin: (left, right) => !includes(right, left),
  subsetof: (left, right) => every(left, (item) => includes(right, item)),
  anyof: (left, right) => some(left, (item) => includes(right, item)),
  noneof: (left, right) => Array.isArray(left) && !some(left, (item) => includes(right, item)),
  size: (left, right) => sizeOf(left) === right,
  empty: (left, right) => sizeOf(left) !== undefined && (sizeOf(left) === 0) === right,
  contains: (left, right) =>
    typeof left === 'string' ? typeof right === 'string' && left.includes(right) : includes(left, right),
};

function sizeOf(value: Value): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

/** A text that spells a number equals it, as in Jayway's JsonPath. */
function isEqual(left: Value, right: Value): boolean {
  if (typeof left === 'number' && typeof right === 'string') return right.trim() !== '' && Number(right) === left;
  if (typeof left === 'string' && typeof right === 'number') return left === String(right);
  return left !== undefined && isSame(left, right);
}

/** Whether a filter keeps `place.item`. */
export function isKept(filter: Filter, place: Place): boolean {
  switch (filter.kind) {
    case 'any':
      return filter.of.some((part) => isKept(part, place));
    case 'all':
      return filter.of.every((part) => isKept(part, place));
    case 'not':
      return !isKept(filter.of, place);
    case 'exists':
      return lookUp(filter.path, place) !== undefined;
    case 'compare':
      if (filter.operator === '=~') return isMatched(filter.left, filter.right, place);
      return COMPARISONS[filter.operator]!(evaluate(filter.left, place), evaluate(filter.right, place));
  }
}

function evaluate(operand: Operand, place: Place): Value {
  if (operand.kind === 'path') return lookUp(operand.path, place);
  return operand.kind === 'literal' ? operand.value : undefined;
}

function isMatched(left: Operand, right: Operand, place: Place): boolean {
  const [text, pattern] = left.kind === 'pattern' ? [right, left] : [left, right];
  const value = evaluate(text, place);
  return pattern.kind === 'pattern' && typeof value === 'string' && isMatch(pattern.pattern, value);
}
