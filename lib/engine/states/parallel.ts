import { startChild } from '../join.ts';
import type { ParallelState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { effectiveInput, emit, outputOf, type StateType, WAITING } from '../step.ts';

export const parallel: StateType<ParallelState> = {
  enter(step) {
    const input = effectiveInput(step);
    const { Branches } = step.state;
    emit(step, 'ParallelStateStarted');
    step.thread.wait = { kind: 'join', outputs: Branches.map(() => null), done: 0, next: Branches.length };
    for (const index of Branches.keys()) startChild(step, { index, input });
    return WAITING;
  },
  resume(step, signal) {
    if (signal.kind === 'childFailed') {
      emit(step, 'ParallelStateFailed');
      throw new StateError(signal.error, signal.cause);
    }
    emit(step, 'ParallelStateSucceeded');
    return outputOf(step, signal.kind === 'joined' ? [...signal.outputs] : []);
  },
};
