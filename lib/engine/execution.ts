import type { Json } from '../json.ts';
import type { MapState, ParallelState, StateMachineDefinition } from './language/definition.ts';
import type { MapRunRow, MapRunSettings } from './store.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';
export type ExecutionType = 'STANDARD' | 'EXPRESS';

/** Where the end of an execution is awaited: a task that started it, or a Map of which it is an item. */
export interface Parent {
  readonly executionArn: string;
  readonly thread: string;
  readonly nonce: string;
  /** Its number among the items of a distributed Map. */
  readonly index?: number;
}

/** An execution as it is kept. Times are milliseconds since the epoch. */
export interface ExecutionRow {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly type: ExecutionType;
  /** Digest of the definition that it runs, which stays whatever becomes of the state machine. */
  readonly definition: string;
  /** Where in the definition its states stand: an item of a distributed Map runs a part of it. */
  readonly path: Path;
  /** JSON text, as the caller gave it. */
  readonly input: string;
  readonly roleArn: string;
  readonly startedAt: number;
  readonly versionArn?: string;
  readonly aliasArn?: string;
  readonly mapRunArn?: string;
  readonly parent?: Parent;
  /** `$$.Map.Item` of an item of a distributed Map. */
  readonly item?: Json;
  readonly traceHeader?: string;
  /** The task that started it: starting it again is no second start. */
  readonly startedBy?: string;
  /** When it times out. */
  deadline?: number | undefined;
  status: ExecutionStatus;
  stoppedAt?: number | undefined;
  output?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
  /** Number of history events so far; the last one's id. */
  events: number;
  /** Number of threads so far; the last one's id. */
  threads: number;
  redrives: number;
  redrivenAt?: number;
}

/** What a task works with. */
export const parametersOf = ({ input }: Pick<Thread, 'input'>, { parameters = input }: TaskWait): Json => parameters;

/** Names of states, each with the number of its branch. */
export type Path = readonly (string | number)[];

/**
 * A thread of an execution: the program counter is data. The root runs the machine; branches of a Parallel state and iterations of a Map run as its
 * children. One turn takes a thread from where it stands to where it waits again, and is written in one transaction.
 */
export interface Thread {
  readonly id: string;
  readonly parent?: { readonly thread: string; readonly index: number };
  readonly path: Path;
  /** `$$.Map.Item` of the iteration. */
  readonly item?: Json;
  state: string;
  /** The state's raw input. */
  input: Json;
  /** What Assign has set here, and what could be seen outside when the thread began. */
  variables: Record<string, Json>;
  enteredAt: number;
  /** The event of entering the state, which error messages name. */
  enteredEvent: number;
  /** The event that entering the state followed from. */
  enteredAfter: number;
  /** The last event of this thread: the next one's previousEventId. */
  lastEvent: number;
  /** How often each retrier of the state was used, by its place. */
  retries: Record<number, number>;
  /** What it waits for; absent while it runs. */
  wait?: Waiting;
}

export interface TaskWait {
  readonly kind: 'task';
  /** Says which attempt a result belongs to; results with another are dropped. The task token, where the task answers by one. */
  readonly nonce: string;
  readonly byToken: boolean;
  readonly resource: string;
  /** What it works with; absent where that is the state's input. */
  readonly parameters?: Json;
  /** Others have it, and will answer: a worker, whoever was given the token, an execution. It is not dispatched again. */
  readonly handedOver?: boolean;
  /** The execution that it started and waits for. */
  readonly child?: string;
  readonly timeoutAt?: number;
  readonly heartbeatSeconds?: number;
  readonly heartbeatAt?: number;
}

export interface JoinWait {
  readonly kind: 'join';
  /** Says which attempt a child belongs to. */
  readonly nonce: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** The number of the child to start next. */
  readonly next: number;
  /** How many children may run at the same time. */
  readonly most: number;
  /** Of a distributed Map. */
  readonly mapRun?: MapRunRow;
}

export type Waiting = { readonly kind: 'timer'; readonly until: number; readonly retry: boolean } | TaskWait | JoinWait;

/** What wakes a thread. */
export type Signal =
  | { readonly kind: 'start' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'timeout'; readonly nonce: string; readonly heartbeat: boolean }
  | { readonly kind: 'submitted'; readonly nonce: string; readonly output: Json; readonly child?: string }
  | { readonly kind: 'taken'; readonly nonce: string; readonly workerName?: string | undefined }
  | { readonly kind: 'heartbeat'; readonly nonce: string }
  | { readonly kind: 'result'; readonly nonce: string; readonly output: Json }
  | ({ readonly kind: 'failure'; readonly nonce: string } & Failure)
  | { readonly kind: 'itemDone'; readonly nonce: string; readonly index: number; readonly output: Json }
  | ({ readonly kind: 'itemFailed'; readonly nonce: string; readonly index: number } & Failure)
  | ({ readonly kind: 'tuned'; readonly nonce: string } & MapRunSettings)
  | { readonly kind: 'joined' }
  | ({ readonly kind: 'childFailed'; readonly index: number } & Failure)
  | ({ readonly kind: 'end'; readonly status: 'ABORTED' | 'TIMED_OUT' | 'FAILED' } & Failure);

/** An error's name and cause; a Fail state may leave out either. */
export interface Failure {
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** What is to be done once the turn is on disk. */
export type Effect =
  | { readonly kind: 'dispatch'; readonly thread: string }
  | { readonly kind: 'stop'; readonly executionArn: string }
  | { readonly kind: 'ended' };

export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** Its `…EventDetails` member, with its name. */
  readonly [details: string]: unknown;
}

/** An item of a Map, or a branch of a Parallel state: what goes in, and what came out. */
export interface Item {
  readonly thread: string;
  readonly index: number;
  readonly input?: Json;
  /** The child execution of a distributed Map. */
  child?: string;
  output?: Json;
  failed?: boolean;
}

/** What changed in an execution since the last commit. */
export interface Dirty {
  readonly threads: Set<string>;
  readonly events: HistoryEvent[];
  readonly effects: Effect[];
  readonly items: Set<Item>;
  /** Threads whose items are no longer needed. */
  readonly itemsGone: Set<string>;
  /** Map Runs that began or ended. */
  readonly mapRuns: Set<MapRunRow>;
  /** Executions that begin together with this turn. */
  readonly begun: ExecutionRow[];
}

/** An execution in memory. */
export interface Execution {
  readonly row: ExecutionRow;
  readonly definition: StateMachineDefinition;
  readonly stateMachineName: string;
  readonly threads: Map<string, Thread>;
  /** The items of the threads that join children. */
  readonly items: Map<string, Item[]>;
  /** What has changed since the last commit; absent while nothing has. */
  dirty?: Dirty;
  /** Lives in memory only: an Express execution that its caller waits for. */
  volatile?: boolean;
  /** Members of the context object that stand in place of its own: a test says where it thinks to be. */
  context?: Readonly<Record<string, Json>>;
}

/** The thread that runs the machine itself. */
export const ROOT = '1';

/** What has changed in an execution, to be added to. */
export function dirtyOf(execution: Execution): Dirty {
  execution.dirty ??= newDirty();
  return execution.dirty;
}

const newDirty = (): Dirty => ({
  threads: new Set(),
  events: [],
  effects: [],
  items: new Set(),
  itemsGone: new Set(),
  mapRuns: new Set(),
  begun: [],
});

/** The machine within a definition that a path leads to. */
export function machineAt(definition: StateMachineDefinition, path: Path): StateMachineDefinition {
  let machine = definition;
  for (let position = 0; position < path.length; position += 2) {
    const state = machine.States[path[position] as string] as MapState | ParallelState;
    machine = state.Type === 'Parallel' ? state.Branches[path[position + 1] as number]! : processorOf(state);
  }
  return machine;
}

/** The states that a Map runs for each item; `Iterator` is their older name. */
export const processorOf = (state: MapState) => (state.ItemProcessor ?? state.Iterator)!;
