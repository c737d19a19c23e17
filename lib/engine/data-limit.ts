import type { Json } from '../json.ts';
import { StateError } from './language/state-error.ts';
import { exceeds } from './limits.ts';

/** Levels that JSON may be nested: text beyond some thousands of them can be read, but not written. */
const MAX_NESTING = 1_000;

/** Whether a value is nested deeper than it may be. Each level has two characters of text at least, which most texts are too short for. */
export const isTooDeep = (value: Json, text: string): boolean =>
  text.length > 2 * MAX_NESTING && isDeeper(value, MAX_NESTING);

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) if (isDeeper(inner, levels - 1)) return true;
  return false;
}

/** JSON text of what an execution works on; `what` made it. Throws StateError where it is larger, or nested deeper, than it may be. */
export function boundedText(value: Json, what: string, { payloadBytes }: { readonly payloadBytes: number }): string {
  const text = textOf(value);
  if (text === undefined || exceeds(text, payloadBytes)) throw tooLarge(what);
  if (isTooDeep(value, text))
    throw new StateError(
      'States.DataLimitExceeded',
      `The state/task '${what}' returned a result that is nested deeper than ${MAX_NESTING} levels.`,
    );
  return text;
}

/** Undefined where the text would be longer than a text can be, or the value is nested deeper than can be written. */
function textOf(value: Json): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const tooLarge = (what: string) =>
  new StateError(
    'States.DataLimitExceeded',
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );

/** JSON from outside: a value and its text. Throws SyntaxError. */
export function parsedPayload(text: string): Json {
  const value = JSON.parse(text) as Json;
  if (isTooDeep(value, text)) throw new SyntaxError(`it is nested deeper than ${MAX_NESTING} levels`);
  return value;
}
