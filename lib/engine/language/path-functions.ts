import type { Json } from '../../json.ts';
import { isObject } from './json-value.ts';
import type { Step } from './path-syntax.ts';

type PathFunction = (value: Json, argument: number) => Json | undefined;

const numbers =
  (calculate: (values: readonly number[]) => number): PathFunction =>
  (value) => {
    const values = (Array.isArray(value) ? value : []).filter((item) => typeof item === 'number');
    return values.length === 0 ? undefined : calculate(values);
  };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

const size: PathFunction = (value) => {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : null;
};

const at: PathFunction = (value, index) => (Array.isArray(value) ? value.at(index) : undefined);

/** The functions that a path may end with. Undefined where they have nothing to work on. */
const FUNCTIONS: Readonly<Record<string, PathFunction>> = {
  length: size,
  size,
  min: numbers((values) => values.reduce((least, value) => Math.min(least, value))),
  max: numbers((values) => values.reduce((most, value) => Math.max(most, value))),
  avg: numbers(mean),
  sum: numbers(sum),
  stddev: numbers((values) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))),
  keys: (value) => (isObject(value) ? Object.keys(value) : undefined),
  first: (value) => at(value, 0),
  last: (value) => at(value, -1),
  index: at,
};

export const callFunction = ({ name, argument = 0 }: Extract<Step, { kind: 'function' }>, value: Json) =>
  FUNCTIONS[name]!(value, argument);
