import type { Json } from '../../json.ts';
import type { Check } from './check-value.ts';
import type { QueryLanguage } from './definition.ts';
import { type Place, report, within } from './diagnostic.ts';
import { isObject, type JsonObject } from './json-value.ts';

/** A field that an object may have. */
export interface Field {
  readonly check: Check;
  /** The query language that has the field; both when it is absent. */
  readonly language?: QueryLanguage;
  readonly required?: boolean;
}

export type Fields = Readonly<Record<string, Field>>;

/** Checks an object field by field; the problems of one field are reported at it, those of the whole at the object. Answers whether it is an object. */
export function checkFields(value: Json | undefined, fields: Fields, place: Place): value is JsonObject {
  if (!isObject(value)) {
    report(place, 'Expected an object');
    return false;
  }
  const missing = Object.keys(fields).filter((name) => fields[name]!.required && !Object.hasOwn(value, name));
  if (missing.length > 0) report(place, `These fields are required: [${missing.join(', ')}]`);
  for (const [name, content] of Object.entries(value)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) report(place, `Field '${name}' is not supported`);
    else if (field.language && field.language !== place.language) report(place, otherLanguage(name, field.language));
    else field.check(content, within(place, name));
  }
  return true;
}

const otherLanguage = (name: string, language: QueryLanguage) =>
  `The QueryLanguage is set to '${language === 'JSONata' ? 'JSONPath' : 'JSONata'}', but field '${name}' is only supported for the '${language}' QueryLanguage`;

/** Reports that not exactly one of these fields is there. */
export function checkExactlyOne(value: JsonObject, names: readonly string[], place: Place) {
  const count = names.filter((name) => Object.hasOwn(value, name)).length;
  if (count === 0) report(place, `One of these fields is required: [${names.join(', ')}]`);
  else checkAtMostOne(value, names, place);
}

export function checkAtMostOne(value: JsonObject, names: readonly string[], place: Place) {
  const given = names.filter((name) => Object.hasOwn(value, name));
  if (given.length > 1) report(place, `Only one of these fields is allowed: [${given.join(', ')}]`);
}
