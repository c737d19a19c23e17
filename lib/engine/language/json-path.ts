import type { Json } from '../../json.ts';
import { isObject, type JsonObject, setMember } from './json-value.ts';
import { lookUp, only, rootOf } from './path-evaluator.ts';
import { parsePath } from './path-parser.ts';
import { notationOf, type Path, type Step } from './path-syntax.ts';
import type { Scope } from './scope.ts';
import { StateError } from './state-error.ts';

type Roots = Pick<Scope, 'input' | 'context' | 'variables'>;

/** The value at `$…`, `$$…` or `$variable…`: a list for a path that may name several places. Undefined where a definite path leads nowhere. */
export const findPath = (path: string, scope: Roots): Json | undefined => lookUp(parsePath(path), { scope });

/** The same; throws States.Runtime where a definite path leads nowhere. */
export function evaluatePath(path: string, scope: Roots): Json {
  const value = findPath(path, scope);
  if (value !== undefined) return value;
  throw new StateError('States.Runtime', `Invalid path '${path}' : ${whyMissing(parsePath(path), scope)}`);
}

/** The same for a field whose errors name it. */
export function evaluateField(field: string, path: string, scope: Roots): Json {
  const value = findPath(path, scope);
  if (value !== undefined) return value;
  throw notFound(field, path, scope);
}

/** The error of a path in a field of a template, or in a field that takes intrinsic functions too. */
export const notFound = (field: string, path: string, scope: Roots) =>
  new StateError(
    'States.Runtime',
    `The JSONPath '${path}' specified for the field '${field}' could not be found in the input '${documentOf(path, scope)}'`,
  );

/** The document that a path was looked up in, as JSON text. */
export function documentOf(path: string, scope: Roots): string {
  const root = rootOf(parsePath(path), { scope });
  return JSON.stringify(root === undefined ? scope.input : root);
}

/** Says where a path stops, as Jayway's JsonPath does. */
function whyMissing(path: Path, scope: Roots): string {
  let value = rootOf(path, { scope });
  if (value === undefined) return `No results for path: ${path.text}`;
  for (const [at, step] of path.steps.entries()) {
    const problem = mismatch(step, value, notationOf(path.steps.slice(0, at)));
    if (problem !== undefined) return problem;
    const next = only(step, value);
    if (next === undefined) {
      const isLast = at === path.steps.length - 1;
      return isLast || step.kind !== 'member'
        ? `No results for path: ${notationOf(path.steps)}`
        : `Missing property in path ${notationOf(path.steps.slice(0, at + 1))}`;
    }
    value = next;
  }
  return `No results for path: ${notationOf(path.steps)}`;
}

function mismatch(step: Step, value: Json, at: string): string | undefined {
  if (step.kind === 'member' && !isObject(value)) {
    return `Expected to find an object with property ${notationOf([step], '')} in path ${at} but found '${javaClassOf(value)}'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.`;
  }
  if (step.kind !== 'index' || Array.isArray(value)) return undefined;
  if (value === null) return `The path ${at} is null`;
  return `Filter: ${notationOf([step], '')} can only be applied to arrays. Current context is: ${JSON.stringify(value)}`;
}

function javaClassOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'java.util.ArrayList';
  if (typeof value === 'number') return Number.isInteger(value) ? 'java.lang.Integer' : 'java.lang.Double';
  return typeof value === 'string' ? 'java.lang.String' : 'java.lang.Boolean';
}

/** A copy of `target` with `value` at the reference path, whose objects are made where they are missing. Throws States.ResultPathMatchFailure. */
export const setAtPath = (path: string, target: Json, value: Json): Json => setAt(parsePath(path).steps, target, value);

function setAt([step, ...rest]: readonly Step[], target: Json | undefined, value: Json): Json {
  if (!step) return value;
  if (step.kind === 'member' && (target === undefined || isObject(target))) {
    const copy: JsonObject = { ...target };
    const current = target && Object.hasOwn(target, step.name) ? target[step.name] : undefined;
    setMember(copy, step.name, setAt(rest, current, value));
    return copy;
  }
  if (step.kind === 'index' && Array.isArray(target) && step.index >= 0 && step.index < target.length) {
    return target.with(step.index, setAt(rest, target[step.index], value));
  }
  throw new StateError(
    'States.ResultPathMatchFailure',
    `Unable to apply step "${step.kind === 'member' ? step.name : notationOf([step], '')}" to input ${JSON.stringify(target ?? null)}`,
  );
}
