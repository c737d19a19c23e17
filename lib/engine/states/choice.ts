import { chooseNext } from '../language/choice.ts';
import type { ChoiceState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { afterOutputPath, type StateType, scopeOf } from '../step.ts';

export const choice: StateType<ChoiceState> = {
  enter(step) {
    const scope = scopeOf(step);
    const next = chooseNext(step.state, scope);
    if (!next)
      throw new StateError(
        'States.NoChoiceMatched',
        `An error occurred while executing the state '${step.thread.state}': Choice state had no rule that matched and no Default`,
      );
    return { kind: 'output', output: afterOutputPath(step, scope.input), next };
  },
};
