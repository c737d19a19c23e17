import type { Json } from '../../json.ts';
import { checkPath, checkReferencePath, checkStatesExpression, isPathOrIntrinsic } from './check-expression.ts';
import { element, type Place, report } from './diagnostic.ts';
import { isObject } from './json-value.ts';
import { expressionOf } from './jsonata.ts';
import { parseTimestamp } from './timestamp.ts';

/** Checks the value of a field; the place is the field's. */
export type Check = (value: Json, place: Place) => void;

const when =
  (isRight: (value: Json) => boolean, expected: string): Check =>
  (value, place) => {
    if (!isRight(value)) report(place, `Expected ${expected} but was ${shown(value)}`);
  };

const shown = (value: Json) => {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

export const anything: Check = () => {};
export const text = when((value) => typeof value === 'string', 'a string');
export const filledText = when((value) => typeof value === 'string' && value !== '', 'a string that is not empty');
export const flag = when((value) => typeof value === 'boolean', 'a boolean');
export const object = when(isObject, 'an object');

export const oneOf = (...values: readonly string[]) =>
  when((value) => typeof value === 'string' && values.includes(value), `one of [${values.join(', ')}]`);

export const integer = (least: number, most: number) =>
  when(
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    `an integer from ${least} to ${most}`,
  );

export const number = when((value) => typeof value === 'number', 'a number');

export const atLeast = (least: number) =>
  when((value) => typeof value === 'number' && value >= least, `a number of at least ${least}`);

export const percentage = when(
  (value) => typeof value === 'number' && value >= 0 && value <= 100,
  'a number from 0 to 100',
);

export const listOf =
  (check: Check, least = 0): Check =>
  (value, place) => {
    if (!Array.isArray(value)) return report(place, `Expected an array but was ${shown(value)}`);
    if (value.length < least) report(place, 'The array must not be empty');
    for (const [index, item] of value.entries()) check(item, element(place, index));
  };

/** A literal, or an expression where the state's language is JSONata. */
export const orExpression =
  (literal: Check): Check =>
  (value, place) => {
    const expression = place.language === 'JSONata' ? expressionOf(value) : undefined;
    if (expression === undefined) literal(value, place);
    else checkStatesExpression(expression, place);
  };

export const path: Check = (value, place) => checkPath(value, place);
export const pathOrNull: Check = (value, place) => value === null || checkPath(value, place);
export const referencePathOrNull: Check = (value, place) => value === null || checkReferencePath(value, place);

export const pathOrIntrinsic: Check = (value, place) => {
  if (typeof value !== 'string' || !isPathOrIntrinsic(value))
    report(place, 'Value must be a valid JSONPath or a valid intrinsic function call.');
};

export const timestamp: Check = (value, place) => {
  if (typeof value !== 'string' || parseTimestamp(value) === undefined)
    report(place, 'String does not match RFC3339 timestamp');
};
