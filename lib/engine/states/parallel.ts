import type { JoinWait } from '../execution.ts';
import { dropItems, putItems, startChild } from '../join.ts';
import type { ParallelState } from '../language/definition.ts';
import { argumentsOf, withResult } from '../processing.ts';
import { emit, remark, type StateType, WAITING } from '../step.ts';

/** Runs its branches side by side on the same input; its result is the list of their outputs. */
export const parallel: StateType<ParallelState> = {
  async enter(step) {
    const { thread, state, world } = step;
    const input = await argumentsOf(step);
    const firstEvent = emit(step, 'ParallelStateStarted');
    const total = state.Branches.length;
    putItems(step, new Array(total).fill(undefined));
    thread.wait = { kind: 'join', nonce: world.newId(), total, done: 0, failed: 0, next: total, most: total };
    for (let index = 0; index < total; index++)
      startChild(step, { index, path: [...thread.path, thread.state, index], input, firstEvent });
    return WAITING;
  },
  resume(step, signal) {
    const { execution, thread } = step;
    if (signal.kind === 'childFailed') return { kind: 'error', error: signal.error, cause: signal.cause };
    const { done, total } = thread.wait as JoinWait;
    if (done < total) return WAITING;
    const outputs = execution.items.get(thread.id)!.map(({ output }) => output!);
    dropItems(step);
    remark(step, 'ParallelStateSucceeded');
    return withResult(step, outputs);
  },
};
