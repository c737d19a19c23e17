import type { Json } from '../../json.ts';
import { StateError } from './state-error.ts';

/** What paths are looked up in: `$` is the input, `$$` the context object. */
export interface Scope {
  readonly input: Json;
  readonly context: Json;
}

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from?: number; readonly to?: number }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'descendants' };

interface Path {
  readonly context: boolean;
  readonly steps: readonly Step[];
  /** Names one place at most, so that it answers a value, not a list. */
  readonly definite: boolean;
}

/** Each alternative reads one step; what none of them reads is not a path (filters and script expressions are not). */
const STEP =
  /\.\.(?=[[*A-Za-z_])|\.\*|\.([^.[\]()*$@\s'",?]+)|\[\*\]|\[(-?\d+)\]|\[(-?\d*):(-?\d*)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|(?<=\.\.)([A-Za-z_][^.[\]()*$@\s'",?]*)/y;

const parsed = new Map<string, Path>();
/** Paths stand in definitions, so there are few; the bound guards against definitions that come and go without end. */
const MAX_PARSED = 10_000;

/** Parses a path, or throws a SyntaxError that says where it ends to be one. */
export function parsePath(text: string): Path {
  const known = parsed.get(text);
  if (known) return known;
  const context = text.startsWith('$$');
  if (!text.startsWith('$')) throw new SyntaxError(`${text} is not a path: paths begin with $`);
  const steps: Step[] = [];
  let position = context ? 2 : 1;
  while (position < text.length) {
    STEP.lastIndex = position;
    const match = STEP.exec(text);
    if (!match)
      throw new SyntaxError(`${text} is not a path that this engine knows: it stops at "${text.slice(position)}"`);
    steps.push(stepOf(match));
    position = STEP.lastIndex;
  }
  const path = { context, steps, definite: steps.every(({ kind }) => kind === 'member' || kind === 'index') };
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(text, path);
  return path;
}

function stepOf([text, dotted, index, from, to, single, double, descended]: RegExpExecArray): Step {
  if (text === '..') return { kind: 'descendants' };
  if (text === '.*' || text === '[*]') return { kind: 'wildcard' };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (from !== undefined && to !== undefined)
    return { kind: 'slice', ...(from ? { from: Number(from) } : {}), ...(to ? { to: Number(to) } : {}) };
  const name = dotted ?? descended ?? (single ?? double ?? '').replaceAll(/\\(.)/g, '$1');
  return { kind: 'member', name };
}

/** The value at the path, a list for a path that may name several places. Undefined where there is none. */
export function findPath(text: string, { input, context }: Scope): Json | undefined {
  const path = parsePath(text);
  let found: Json[] = [path.context ? context : input];
  for (const step of path.steps) {
    found = found.flatMap((value) => select(value, step));
    if (path.definite && found.length === 0) return undefined;
  }
  return path.definite ? found[0] : found;
}

/** The same; throws States.Runtime where a path that names one place finds nothing. */
export function evaluatePath(text: string, scope: Scope): Json {
  const value = findPath(text, scope);
  if (value !== undefined) return value;
  const from = text.startsWith('$$') ? scope.context : scope.input;
  throw new StateError(
    'States.Runtime',
    `The JSONPath '${text}' could not be found in the input '${JSON.stringify(from)}'`,
  );
}

function select(value: Json, step: Step): Json[] {
  switch (step.kind) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]!] : [];
    case 'index':
      return Array.isArray(value) ? value.slice(step.index, step.index === -1 ? undefined : step.index + 1) : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'wildcard':
      return childrenOf(value);
    case 'descendants':
      return [value, ...childrenOf(value).flatMap((child) => select(child, step))];
  }
}

const childrenOf = (value: Json): Json[] =>
  Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of `target` with `value` at the reference path, whose objects are made where they are missing. Throws States.ResultPathMatchFailure. */
export function setAtPath(text: string, target: Json, value: Json): Json {
  return setAt(parsePath(text).steps, target, value);
}

function setAt([step, ...rest]: readonly Step[], target: Json | undefined, value: Json): Json {
  if (!step) return value;
  if (step.kind === 'member' && (target === undefined || isObject(target))) {
    return { ...target, [step.name]: setAt(rest, target?.[step.name], value) };
  }
  if (step.kind === 'index' && Array.isArray(target) && step.index >= 0 && step.index < target.length) {
    return target.with(step.index, setAt(rest, target[step.index], value));
  }
  throw new StateError(
    'States.ResultPathMatchFailure',
    `Unable to apply step "${JSON.stringify(step)}" to input ${JSON.stringify(target ?? null)}`,
  );
}
