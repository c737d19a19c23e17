import type { Json } from '../../json.ts';
import { checkTemplate } from './check-expression.ts';
import { type Place, report } from './diagnostic.ts';
import { isObject, type JsonObject } from './json-value.ts';

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;
const LONGEST_NAME = 80;

/** Checks the variables that a state sets: their names, their values, and that no scope around has them. */
export function checkAssign(assign: Json, place: Place) {
  if (!isObject(assign)) return report(place, 'Expected an object');
  for (const name of namesOf(assign, place.language)) {
    if (!NAME.test(name) || name.length > LONGEST_NAME)
      report(place, `'${name}' is not a valid variable name: an identifier of at most ${LONGEST_NAME} characters`);
    else if (name === 'states') report(place, "The variable name 'states' is reserved");
    else if (place.isOuterVariable(name))
      report(place, `The variable '${name}' is assigned in an outer scope, and cannot be assigned in an inner one`);
  }
  checkTemplate(assign, place);
}

const namesOf = (assign: JsonObject, language: Place['language']) =>
  Object.keys(assign).map((name) => (language === 'JSONPath' && name.endsWith('.$') ? name.slice(0, -2) : name));
