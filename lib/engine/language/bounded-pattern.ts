import { createContext, Script } from 'node:vm';
import { StateError } from './state-error.ts';

/** Milliseconds for which a regular expression may look for a match: some need longer than the universe lasts. */
const LIMIT = 500;

const TEST = new Script('pattern.test(text)');

/** Whether the text matches. Throws States.Runtime where that takes too long. */
export function isMatch(pattern: RegExp, text: string): boolean {
  try {
    return TEST.runInContext(createContext({ pattern, text }), { timeout: LIMIT }) as boolean;
  } catch {
    throw new StateError(
      'States.Runtime',
      `The pattern ${pattern} takes too long on a value of ${text.length} characters`,
    );
  }
}
