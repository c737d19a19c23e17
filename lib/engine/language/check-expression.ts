import type { Json } from '../../json.ts';
import { element, type Place, report, within } from './diagnostic.ts';
import { isIntrinsic, parseIntrinsic } from './intrinsic-parser.ts';
import { isObject } from './json-value.ts';
import { expressionOf } from './jsonata.ts';
import { parseExpression } from './jsonata-expression.ts';
import { unsupportedReferences } from './jsonata-references.ts';
import { parsePath } from './path-parser.ts';

/** Checks a path. */
export function checkPath(value: Json, place: Place) {
  if (typeof value !== 'string' || !parses(() => parsePath(value))) report(place, 'Value must be a valid JSONPath.');
}

/** Checks a path that something is put at: members and indexes below `$`. */
export function checkReferencePath(value: Json, place: Place) {
  if (typeof value !== 'string' || !parses(() => parseReference(value)))
    report(place, 'Value must be a valid Reference Path.');
}

function parseReference(text: string) {
  const { root, steps } = parsePath(text);
  const isReference = root === 'input' && steps.every(({ kind }) => kind === 'member' || kind === 'index');
  if (!isReference) throw new SyntaxError(`${text} is not a reference path`);
}

export const isPathOrIntrinsic = (text: string): boolean =>
  parses(() => (isIntrinsic(text) ? parseIntrinsic(text) : parsePath(text)));

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Checks a template in the language of the place. */
export function checkTemplate(template: Json, place: Place) {
  if (place.language === 'JSONata') checkJsonata(template, place);
  else checkPayloadTemplate(template, place);
}

/** Problems within are reported where the template begins. */
function checkPayloadTemplate(template: Json, place: Place) {
  if (Array.isArray(template)) for (const item of template) checkPayloadTemplate(item, place);
  if (!isObject(template)) return;
  for (const [name, value] of Object.entries(template)) {
    if (!name.endsWith('.$')) checkPayloadTemplate(value, place);
    else if (typeof value !== 'string' || !isPathOrIntrinsic(value)) {
      report(place, `The value for the field '${name}' must be a valid JSONPath or a valid intrinsic function call`);
    }
  }
}

function checkJsonata(template: Json, place: Place) {
  const expression = expressionOf(template);
  if (expression !== undefined) checkStatesExpression(expression, place);
  else if (Array.isArray(template))
    for (const [index, item] of template.entries()) checkJsonata(item, element(place, index));
  else if (isObject(template))
    for (const [name, value] of Object.entries(template)) checkJsonata(value, within(place, name));
}

/** Checks a JSONata expression: it parses, and asks for nothing that is not there. */
export function checkStatesExpression(expression: string, place: Place) {
  try {
    for (const problem of unsupportedReferences(parseExpression(expression), place.inCatcher)) {
      report(place, problem, 'UNSUPPORTED_JSONATA_EXPRESSION');
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === undefined && error instanceof Error && !(error instanceof SyntaxError)) throw error;
    report(place, message ?? 'The expression cannot be read', 'INVALID_JSONATA_EXPRESSION');
  }
}
