import type { Json } from '../json.ts';
import type { State, StateMachineDefinition } from './language/definition.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** An execution as it is kept. Times are milliseconds since the epoch. */
export interface ExecutionRow {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  /** Digest of the definition that it runs, which stays whatever becomes of the state machine. */
  readonly definition: string;
  /** JSON text, as the caller gave it. */
  readonly input: string;
  readonly roleArn: string;
  readonly startedAt: number;
  status: ExecutionStatus;
  stoppedAt?: number;
  output?: string;
  error?: string;
  cause?: string;
  /** Number of history events so far; the last one's id. */
  events: number;
}

/**
 * A thread of an execution: the program counter is data. The root runs the machine; branches of a Parallel state and iterations of a Map run as its
 * children. One turn takes a thread from where it stands to where it waits again, and is written in one transaction.
 */
export interface Thread {
  readonly id: string;
  readonly parent?: { readonly thread: string; readonly index: number };
  /** Where its states stand in the definition: names of states, and numbers of branches. */
  readonly path: readonly (string | number)[];
  /** `$$.Map.Item` of the iteration. */
  readonly item?: Json;
  state: string;
  /** The state's raw input. */
  input: Json;
  enteredAt: number;
  /** The last event of this thread: the next one's previousEventId. */
  lastEvent: number;
  /** How often each retrier of the state was used, by its place. */
  retries: Record<number, number>;
  /** What it waits for; absent while it runs. */
  wait?: Waiting;
}

export type Waiting =
  | { readonly kind: 'timer'; readonly until: number; readonly retry: boolean }
  | {
      readonly kind: 'task';
      /** Says which attempt a result belongs to; results with another are dropped. The task token, where the task answers by one. */
      readonly nonce: string;
      readonly byToken: boolean;
      readonly resource: string;
      readonly payload: Json;
      readonly timeoutAt?: number;
      readonly heartbeatSeconds?: number;
      readonly heartbeatAt?: number;
    }
  | {
      readonly kind: 'join';
      /** Outputs of the children by their number; not there yet while null. */
      readonly outputs: (Json | null)[];
      readonly done: number;
      /** The items that a Map goes through; absent for Parallel. */
      readonly items?: readonly Json[];
      /** The number of the child to start next. */
      readonly next: number;
    };

/** What wakes a thread. */
export type Signal =
  | { readonly kind: 'start' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'timeout'; readonly error: 'States.Timeout' | 'States.HeartbeatTimeout' }
  | { readonly kind: 'result'; readonly nonce: string; readonly output: Json }
  | { readonly kind: 'failure'; readonly nonce: string; readonly error: string; readonly cause: string }
  | { readonly kind: 'joined'; readonly outputs: readonly Json[] }
  | { readonly kind: 'childFailed'; readonly index: number; readonly error: string; readonly cause: string };

/** What is to be done once the turn is on disk. */
export type Effect =
  | {
      readonly kind: 'invoke';
      readonly thread: string;
      readonly nonce: string;
      readonly byToken: boolean;
      readonly functionArn: string;
      readonly payload: Json;
    }
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

/** An execution in memory, with what has changed since the last commit. */
export interface Execution {
  readonly row: ExecutionRow;
  readonly definition: StateMachineDefinition;
  readonly stateMachineName: string;
  readonly threads: Map<string, Thread>;
  /** Counts the threads that there were. */
  threadCount: number;
  readonly dirty: { readonly threads: Set<string>; readonly events: HistoryEvent[]; readonly effects: Effect[] };
}

/** The states that a thread runs through. */
export function statesOf({ definition }: Execution, { path }: Pick<Thread, 'path'>): StateMachineDefinition {
  let machine = definition;
  for (let position = 0; position < path.length; position += 2) {
    const state = machine.States[path[position] as string] as State;
    machine =
      state.Type === 'Parallel'
        ? state.Branches[path[position + 1] as number]!
        : (state as Extract<State, { Type: 'Map' }>).ItemProcessor;
  }
  return machine;
}
