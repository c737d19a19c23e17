import type { Json } from '../../json.ts';
import { checkAssign } from './check-assign.ts';
import { checkTemplate } from './check-expression.ts';
import { checkFields, type Fields } from './check-fields.ts';
import { atLeast, type Check, filledText, integer, listOf, oneOf, referencePathOrNull, text } from './check-value.ts';
import { element, type Place, report } from './diagnostic.ts';

/** Limits of AWS, in seconds and attempts. */
const MOST = 99_999_999;
const LONGEST_DELAY = 31_622_399;

const RETRIER: Fields = {
  ErrorEquals: { check: listOf(filledText, 1), required: true },
  IntervalSeconds: { check: integer(1, MOST) },
  MaxAttempts: { check: integer(0, MOST) },
  BackoffRate: { check: atLeast(1) },
  MaxDelaySeconds: { check: integer(1, LONGEST_DELAY) },
  JitterStrategy: { check: oneOf('FULL', 'NONE') },
  Comment: { check: text },
};

const CATCHER: Fields = {
  ErrorEquals: { check: listOf(filledText, 1), required: true },
  Next: { check: text, required: true },
  ResultPath: { check: referencePathOrNull, language: 'JSONPath' },
  Assign: { check: checkAssign },
  Output: { check: checkTemplate, language: 'JSONata' },
  Comment: { check: text },
};

/** Checks what a state does about errors. */
export const checkRetry: Check = (retriers, place) => checkHandlers(retriers, RETRIER, place);
export const checkCatch: Check = (catchers, place) => checkHandlers(catchers, CATCHER, { ...place, inCatcher: true });

function checkHandlers(handlers: Json, fields: Fields, place: Place) {
  if (!Array.isArray(handlers)) return report(place, 'Expected an array');
  for (const [index, handler] of handlers.entries()) {
    const here = element(place, index);
    if (checkFields(handler, fields, here)) checkErrorNames(handler.ErrorEquals, index === handlers.length - 1, here);
  }
}

/** States.ALL matches everything, so that nothing may stand beside or behind it. */
function checkErrorNames(names: Json | undefined, isLast: boolean, place: Place) {
  if (!Array.isArray(names) || !names.includes('States.ALL')) return;
  if (names.length > 1) report(place, "'States.ALL' must appear alone in ErrorEquals");
  if (!isLast) report(place, "'States.ALL' must be in the last of the list");
}
