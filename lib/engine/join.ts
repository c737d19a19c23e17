import type { Json } from '../json.ts';
import { dirtyOf, type Item, type Path, type Thread } from './execution.ts';
import { effect, remark, type Step, stepOf } from './step.ts';

/** Starts a child thread in a branch or an iteration. `firstEvent` is what its first event follows from. */
export function startChild(
  { execution, thread, world }: Step,
  child: { index: number; path: Path; input: Json; item?: Json; firstEvent: number },
) {
  const { index, path, input, item = thread.item, firstEvent } = child;
  execution.row.threads += 1;
  const id = String(execution.row.threads);
  execution.threads.set(id, {
    id,
    parent: { thread: thread.id, index },
    path,
    ...(item === undefined ? {} : { item }),
    state: '',
    input,
    variables: { ...thread.variables },
    enteredAt: world.now(),
    enteredEvent: 0,
    enteredAfter: 0,
    lastEvent: firstEvent,
    retries: {},
  });
  dirtyOf(execution).threads.add(id);
}

/** Keeps what a thread's children work on, and their results as they come. */
export function putItems({ execution, thread }: Step, inputs: readonly (Json | undefined)[]): Item[] {
  const items = inputs.map(
    (input, index): Item => ({
      thread: thread.id,
      index,
      ...(input === undefined ? {} : { input }),
    }),
  );
  execution.items.set(thread.id, items);
  for (const item of items) dirtyOf(execution).items.add(item);
  return items;
}

/** Forgets the items of a thread, and stops the executions that work on them. */
export function dropItems({ execution, thread }: Pick<Step, 'execution' | 'thread'>) {
  const items = execution.items.get(thread.id);
  if (!items) return;
  for (const item of items) {
    if (item.child !== undefined && item.output === undefined && !item.failed)
      effect({ execution }, { kind: 'stop', executionArn: item.child });
    dirtyOf(execution).items.delete(item);
  }
  execution.items.delete(thread.id);
  dirtyOf(execution).itemsGone.add(thread.id);
}

/** Ends a thread and its children; results that are still to come for them are dropped. */
export function endThread({ execution, thread }: Pick<Step, 'execution' | 'thread'>) {
  endChildren({ execution, thread });
  const { wait, id } = thread;
  if (wait?.kind === 'task' && wait.child !== undefined)
    effect({ execution }, { kind: 'stop', executionArn: wait.child });
  dropItems({ execution, thread });
  execution.threads.delete(id);
  dirtyOf(execution).threads.add(id);
}

function endChildren({ execution, thread }: Pick<Step, 'execution' | 'thread'>) {
  for (const child of childrenOf({ execution, thread })) endThread({ execution, thread: child });
}

const childrenOf = ({ execution, thread }: Pick<Step, 'execution' | 'thread'>): Thread[] => {
  const mayHave = thread.wait?.kind === 'join';
  return mayHave ? [...execution.threads.values()].filter(({ parent }) => parent?.thread === thread.id) : [];
};

/** States that are seen to end when their thread is aborted. */
const ABORTED_TYPES = ['Task', 'Wait', 'Parallel', 'Map'];

/** Ends the children of a thread because one of them has failed; the history tells of each. */
export function abortChildren(step: Step) {
  for (const child of childrenOf(step)) {
    const childStep = stepOf({ ...step, thread: child });
    abortChildren(childStep);
    if (ABORTED_TYPES.includes(childStep.state?.Type)) remark(childStep, `${childStep.state.Type}StateAborted`);
    if (step.state.Type === 'Map')
      remark(childStep, 'MapIterationAborted', {
        mapIterationAbortedEventDetails: { name: step.thread.state, index: child.parent!.index },
      });
    endThread(childStep);
  }
}
