import type { Json } from '../../json.ts';
import { isObject, type JsonObject, setMember } from './json-value.ts';
import { OutOfBounds } from './jsonata-bounds.ts';
import { evaluate, newSession, type Session } from './jsonata-expression.ts';
import { toJson, UNSUPPORTED } from './jsonata-result.ts';
import type { Scope } from './scope.ts';
import { StateError } from './state-error.ts';

/** Fills a JSONata template: every string `{% … %}` in it takes the value of its expression. `field` is what messages call the template. Throws States.QueryEvaluationError. */
export const renderJsonata = async (template: Json, scope: Scope, field: string): Promise<Json> =>
  renderJsonataNow(template, scope, field);

/** The same without a promise: an expression has ended when this returns. */
export function renderJsonataNow(template: Json, scope: Scope, field: string): Json {
  return hasExpression(template) ? render(template, newSession(scope), field) : template;
}

/** The expression between `{%` and `%}`; undefined for any other value. */
export function expressionOf(value: Json | undefined): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('{%') || !value.endsWith('%}') || value.length < 4)
    return undefined;
  return value.slice(2, -2).trim();
}

/** Templates are parts of definitions, so each is looked through once and forgotten with its definition. */
const looked = new WeakMap<object, boolean>();

function hasExpression(template: Json): boolean {
  if (typeof template !== 'object' || template === null) return expressionOf(template) !== undefined;
  const known = looked.get(template);
  if (known !== undefined) return known;
  const found = Object.values(template).some(hasExpression);
  looked.set(template, found);
  return found;
}

function render(template: Json, session: Session, field: string): Json {
  if (!hasExpression(template)) return template;
  if (Array.isArray(template)) return template.map((item, at) => render(item, session, `${field}[${at}]`));
  if (!isObject(template)) return valueOfExpression(expressionOf(template)!, session, field);
  const rendered: JsonObject = {};
  for (const [name, value] of Object.entries(template)) {
    setMember(rendered, name, render(value, session, `${field}/${name}`));
  }
  return rendered;
}

function valueOfExpression(text: string, session: Session, field: string): Json {
  const { value, error } = evaluate(text, session);
  if (error !== undefined) throw failure(text, field, `threw an error during evaluation${described(error)}`);
  const json = jsonOf(value, text, field);
  if (json === undefined) throw failure(text, field, 'returned nothing (undefined).');
  if (json === UNSUPPORTED) throw failure(text, field, 'returned an unsupported result type.');
  return json;
}

/** A value may be nested without end, or hold itself. */
function jsonOf(value: unknown, text: string, field: string): ReturnType<typeof toJson> {
  try {
    return toJson(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure(text, field, 'returned an unsupported result type.');
  }
}

function failure(text: string, field: string, problem: string): StateError {
  const cause = `The JSONata expression '${text}' specified for the field '${field}' ${problem}`;
  return new StateError('States.QueryEvaluationError', cause, field);
}

/** Errors of the language have a code, and are a sentence of their own. */
function described(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^[A-Z]\d{4}$/.test(code)) return `. ${code}: ${message}`;
  return `: ${error instanceof OutOfBounds ? error.message : String(message ?? error)}`;
}

/** The error of a field whose value is of another type than it must be. Fields without an expression say what they hold. */
export function unexpectedType(template: Json | undefined, field: string, { expected, value }: Mismatch): StateError {
  const text = expressionOf(template);
  const what = `unexpected result type. Expected '${expected}', but was '${typeOf(value)}' for value: ${JSON.stringify(value)}`;
  if (text !== undefined) return failure(text, field, `returned an ${what}`);
  return new StateError('States.QueryEvaluationError', `The field '${field}' has an ${what}`, field);
}

export interface Mismatch {
  readonly expected: 'array' | 'boolean' | 'number' | 'string' | 'object';
  readonly value: Json;
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
