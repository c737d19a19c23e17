import type { SucceedState } from '../language/definition.ts';
import { withInput } from '../processing.ts';
import type { StateType } from '../step.ts';

export const succeed: StateType<SucceedState> = { enter: (step) => withInput(step) };
