import type { SucceedState } from '../language/definition.ts';
import { afterOutputPath, type StateType, scopeOf } from '../step.ts';

export const succeed: StateType<SucceedState> = {
  enter: (step) => ({ kind: 'output', output: afterOutputPath(step, scopeOf(step).input) }),
};
