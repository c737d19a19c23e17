import { createContext, Script } from 'node:vm';
import { StateError } from './state-error.ts';

/** Milliseconds for which a regular expression may look for a match: some need longer than the universe lasts. */
const LIMIT = 500;

const TEST = new Script('pattern.test(text)');
const CONTEXT = createContext({ pattern: /./, text: '' });

/** Whether the text matches. Throws States.Runtime where that takes too long. */
export function isMatch(pattern: RegExp, text: string): boolean {
  Object.assign(CONTEXT, { pattern, text });
  try {
    return TEST.runInContext(CONTEXT, { timeout: LIMIT }) as boolean;
  } catch {
    throw new StateError('States.Runtime', `The pattern ${pattern} takes too long on ${text.length} characters`);
  }
}
