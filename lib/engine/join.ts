import type { Json } from '../json.ts';
import type { Thread } from './execution.ts';
import type { Step } from './step.ts';

/** Starts a child thread in the branch, or iteration, of that number. */
export function startChild(
  { execution, thread, world, state }: Step,
  { index, input, item }: { index: number; input: Json; item?: Json },
) {
  const path = [...thread.path, thread.state, state.Type === 'Parallel' ? index : 0];
  const child: Thread = {
    id: String(++execution.threadCount),
    parent: { thread: thread.id, index },
    path,
    ...(item === undefined ? (thread.item === undefined ? {} : { item: thread.item }) : { item }),
    state: '',
    input,
    enteredAt: world.now(),
    lastEvent: thread.lastEvent,
    retries: {},
  };
  execution.threads.set(child.id, child);
  execution.dirty.threads.add(child.id);
}

/** Ends a thread with all its children; results that are still to come for them are dropped. */
export function endThread({ execution }: Pick<Step, 'execution'>, id: string) {
  for (const other of execution.threads.values()) if (other.parent?.thread === id) endThread({ execution }, other.id);
  execution.threads.delete(id);
  execution.dirty.threads.add(id);
}
