import type { Json } from '../json.ts';
import {
  dirtyOf,
  type Execution,
  type ExecutionRow,
  type Item,
  type Parent,
  ROOT,
  type Signal,
  type Thread,
} from './execution.ts';
import { endOf } from './integrations/states.ts';
import type { StateMachineDefinition } from './language/definition.ts';
import { remark, WHOLE, type World } from './step.ts';
import type { RunningExecution, TurnRows } from './store.ts';

/** An execution that is about to take its first turn, with its first event. */
export function newExecution(row: ExecutionRow, definition: StateMachineDefinition, world: World): Execution {
  const root: Thread = {
    id: ROOT,
    path: row.path,
    ...(row.item === undefined ? {} : { item: row.item }),
    state: '',
    input: JSON.parse(row.input) as Json,
    variables: {},
    enteredAt: row.startedAt,
    enteredEvent: 0,
    enteredAfter: 0,
    lastEvent: 0,
    retries: {},
  };
  const execution: Execution = {
    row: { ...row, threads: 1 },
    definition,
    stateMachineName: machineNameOf(row.stateMachineArn),
    threads: new Map([[ROOT, root]]),
    items: new Map(),
  };
  const details = { input: row.input, inputDetails: WHOLE, roleArn: row.roleArn };
  // Nothing follows from the start by AWS's count: the first state's predecessor is event 0.
  remark({ world, execution, thread: root }, 'ExecutionStarted', { executionStartedEventDetails: details });
  dirtyOf(execution).threads.add(ROOT);
  return execution;
}

/** What has changed since this was last asked. */
export function rowsOf(execution: Execution): TurnRows {
  const { row, threads } = execution;
  const dirty = dirtyOf(execution);
  const ids = [...dirty.threads].filter((id) => id !== ROOT);
  const rows = {
    execution: row,
    events: row.type === 'STANDARD' ? dirty.events : [],
    root: threads.get(ROOT),
    threads: ids.flatMap((id) => threads.get(id) ?? []),
    endedThreads: ids.filter((id) => !threads.has(id)),
    items: [...dirty.items],
    itemsGone: [...dirty.itemsGone],
    mapRuns: [...dirty.mapRuns],
  };
  delete execution.dirty;
  return rows;
}

/** An execution as it was kept. */
export function loaded(
  row: ExecutionRow,
  { threads, items, definition }: Omit<RunningExecution, 'execution'> & { definition: StateMachineDefinition },
): Execution {
  const byThread = new Map<string, Item[]>();
  for (const item of items) {
    const of = byThread.get(item.thread) ?? [];
    of[item.index] = item;
    byThread.set(item.thread, of);
  }
  return {
    row,
    definition,
    stateMachineName: machineNameOf(row.stateMachineArn),
    threads: new Map(threads.map((thread) => [thread.id, thread])),
    items: byThread,
  };
}

/** The name in the ARN of a state machine, or of the part of one that a distributed Map runs. */
export const machineNameOf = (stateMachineArn: string) => stateMachineArn.split(':')[6]!.split('/')[0]!;

const waitOf = (execution: Execution | undefined, { thread, nonce }: Parent) => {
  const wait = execution?.threads.get(thread)?.wait;
  return wait && wait.kind !== 'timer' && wait.nonce === nonce ? wait : undefined;
};

/** Whether a thread of this execution waits for the end of a child. */
export const isAwaitedBy = (execution: Execution | undefined, parent: Parent) =>
  waitOf(execution, parent) !== undefined;

/** What the end of an execution means to the thread that waits for it; nothing when none does. */
export function answerTo(parent: Execution | undefined, row: ExecutionRow): Signal | undefined {
  const wait = waitOf(parent, row.parent!);
  if (!wait) return undefined;
  if (wait.kind === 'join') return itemSignal(row, row.parent!);
  // That the child has begun comes first in the history.
  return wait.child === undefined ? undefined : endOf(row, wait);
}

function itemSignal({ status, output, error, cause }: ExecutionRow, { nonce, index = 0 }: Parent): Signal {
  if (status === 'SUCCEEDED') return { kind: 'itemDone', nonce, index, output: JSON.parse(output!) as Json };
  return { kind: 'itemFailed', nonce, index, error, cause };
}
