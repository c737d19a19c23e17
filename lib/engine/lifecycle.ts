import type { Json } from '../json.ts';
import {
  dirtyOf,
  type Execution,
  type ExecutionRow,
  type Parent,
  ROOT,
  type Signal,
  type Thread,
} from './execution.ts';
import type { StateMachineDefinition } from './language/definition.ts';
import { remark, WHOLE, type World } from './step.ts';
import type { TurnRows } from './store.ts';

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
    stateMachineName: row.stateMachineArn.split(':')[6]!.split('/')[0]!,
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

/** What the end of an item's execution means to the distributed Map that began it. */
export function tellParent({ status, output, error, cause }: ExecutionRow, { nonce, index = 0 }: Parent): Signal {
  if (status === 'SUCCEEDED') return { kind: 'itemDone', nonce, index, output: JSON.parse(output!) as Json };
  return { kind: 'itemFailed', nonce, index, error, cause };
}
