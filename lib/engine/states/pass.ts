import type { Json } from '../../json.ts';
import type { PassState } from '../language/definition.ts';
import { argumentsOf, withInput, withResult } from '../processing.ts';
import { isJsonata, type StateType } from '../step.ts';

/** Hands on its input, or a result of its own. */
export const pass: StateType<PassState> = {
  async enter(step) {
    const { Result } = step.state as { Result?: Json };
    if (isJsonata(step)) return withInput(step);
    return withResult(step, Result ?? (await argumentsOf(step)));
  },
};
