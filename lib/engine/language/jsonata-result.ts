import type { Json } from '../../json.ts';
import { type JsonObject, setMember } from './json-value.ts';

/** Stands for a function or a regular expression, which no field can hold. */
export const UNSUPPORTED = Symbol('unsupported');

/** The value of an expression as JSON; undefined for nothing. What is nothing within a list or an object is left out. */
export function toJson(value: unknown): Json | typeof UNSUPPORTED | undefined {
  if (value === undefined) return undefined;
  if (isFunction(value)) return UNSUPPORTED;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value as Json;
  return Array.isArray(value) ? listOf(value) : objectOf(value);
}

/** The library has native functions, lambdas and its own wrapped ones; those of the sandbox are of another realm, but functions all the same. */
const isFunction = (value: unknown) =>
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && ('_jsonata_lambda' in value || '_jsonata_function' in value));

function listOf(values: readonly unknown[]): Json | typeof UNSUPPORTED {
  const list: Json[] = [];
  for (const value of values) {
    const json = toJson(value);
    if (json === UNSUPPORTED) return UNSUPPORTED;
    if (json !== undefined) list.push(json);
  }
  return list;
}

function objectOf(value: object): Json | typeof UNSUPPORTED {
  const object: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const json = toJson(member);
    if (json === UNSUPPORTED) return UNSUPPORTED;
    if (json !== undefined) setMember(object, name, json);
  }
  return object;
}
