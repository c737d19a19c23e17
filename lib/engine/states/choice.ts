import { chooseNext } from '../language/choice.ts';
import type { ChoiceState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { inputOf, withInput } from '../processing.ts';
import { type StateType, scopeOf } from '../step.ts';

/** Goes where the first rule that holds says; Assign and Output of that rule come before those of the state. */
export const choice: StateType<ChoiceState> = {
  async enter(step) {
    const chosen = await chooseNext(step.state, scopeOf(step, inputOf(step)));
    if (!chosen)
      throw new StateError(
        'States.NoChoiceMatched',
        'Failed to transition out of the state. The state does not point to a next state.',
      );
    const outcome = await withInput(step, chosen.rule ? fieldsOf(chosen.rule) : undefined);
    return { ...outcome, next: chosen.next } as typeof outcome;
  },
};

const fieldsOf = (rule: object) => rule as { Assign?: never; Output?: never };
