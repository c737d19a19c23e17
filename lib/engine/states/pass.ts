import type { PassState } from '../language/definition.ts';
import { effectiveInput, outputOf, type StateType } from '../step.ts';

export const pass: StateType<PassState> = {
  enter: (step) => outputOf(step, step.state.Result ?? effectiveInput(step)),
};
