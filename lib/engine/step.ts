import type { Json } from '../json.ts';
import {
  dirtyOf,
  type Effect,
  type Execution,
  type Failure,
  machineAt,
  type Signal,
  type Thread,
} from './execution.ts';
import type { State } from './language/definition.ts';
import type { Scope } from './language/scope.ts';
import type { EngineLimits } from './limits.ts';

/** What the core needs from outside: time, chance and names. It does no I/O. */
export interface World {
  now(): number;
  random(): number;
  newId(): string;
  /** Tells the operator of a fault. */
  report(entry: object): void;
  readonly account: string;
  readonly region: string;
  readonly limits: EngineLimits;
}

/** One thread in one state, in a turn. */
export interface Step<S extends State = State> {
  readonly world: World;
  readonly execution: Execution;
  readonly thread: Thread;
  readonly state: S;
}

/** How a state ends: with its output, with an error that Retry and Catch may handle, by failing its thread, or not yet. */
export type Outcome =
  | {
      readonly kind: 'output';
      readonly output: Json;
      readonly assigned?: Readonly<Record<string, Json>> | undefined;
      readonly next?: string;
    }
  | ({ readonly kind: 'error'; readonly heartbeat?: boolean } & Failure)
  | ({ readonly kind: 'failed' } & Failure)
  | { readonly kind: 'waiting' };

export const WAITING: Outcome = { kind: 'waiting' };

/** A state type: what it does when it is entered, and when what it waits for has come. Throws StateError where its fields cannot be evaluated. */
export interface StateType<S extends State> {
  enter(step: Step<S>): Outcome | Promise<Outcome>;
  resume?(step: Step<S>, signal: Signal): Outcome | Promise<Outcome>;
}

type Details = Readonly<Record<string, object>>;

/** Adds an event to the history; `details` is its one member of that name. Answers its id. */
export function emit(step: Pick<Step, 'world' | 'execution' | 'thread'>, type: string, details?: Details): number {
  step.thread.lastEvent = remark(step, type, details);
  return step.thread.lastEvent;
}

/** The same for an event that no other event follows from: the next one names the same predecessor. */
export function remark(
  { world, execution, thread }: Pick<Step, 'world' | 'execution' | 'thread'>,
  type: string,
  details?: Details,
): number {
  const { row } = execution;
  const { historyEvents } = world.limits;
  // One place is kept for the event that ends the execution; Express executions keep no history.
  if (row.type === 'STANDARD' && row.events >= historyEvents - 1 && !type.startsWith('Execution'))
    throw new HistoryFull(`The execution reached the maximum number of history events (${historyEvents}).`);
  row.events += 1;
  dirtyOf(execution).events.push({
    id: row.events,
    previousEventId: thread.lastEvent,
    type,
    timestamp: world.now(),
    ...details,
  });
  return row.events;
}

/** The history has no room for the event; the execution cannot go on. */
export class HistoryFull extends Error {}

export const WHOLE = { truncated: false };

export const effect = ({ execution }: Pick<Step, 'execution'>, one: Effect) => dirtyOf(execution).effects.push(one);

/** The state that a thread is in, and all that belongs to it. */
export const stepOf = (turn: Omit<Step, 'state'>): Step => ({
  ...turn,
  state: machineAt(turn.execution.definition, turn.thread.path).States[turn.thread.state]!,
});

/** Whether the state is written in JSONata; JSONPath is the default. */
export const isJsonata = ({ state, execution }: Step): boolean =>
  ((state as { QueryLanguage?: string }).QueryLanguage ??
    (execution.definition as { QueryLanguage?: string }).QueryLanguage) === 'JSONata';

/** States that can be tried again. */
const RETRIED = ['Task', 'Parallel', 'Map'];

/** The context object, `$$` in JSONPath and `$states.context` in JSONata. */
export function contextOf({ execution, thread, state }: Step, taskToken?: string): Json {
  const { row, stateMachineName, context } = execution;
  return {
    Execution: {
      Id: row.executionArn,
      Input: JSON.parse(row.input) as Json,
      Name: row.name,
      RoleArn: row.roleArn,
      StartTime: new Date(row.startedAt).toISOString(),
      ...(row.type === 'STANDARD' ? { RedriveCount: row.redrives } : {}),
      ...(row.redrivenAt === undefined ? {} : { RedriveTime: new Date(row.redrivenAt).toISOString() }),
    },
    StateMachine: { Id: row.stateMachineArn, Name: stateMachineName },
    State: {
      Name: thread.state,
      EnteredTime: new Date(thread.enteredAt).toISOString(),
      ...(RETRIED.includes(state.Type) ? { RetryCount: retriesOf(thread) } : {}),
    },
    ...(thread.item === undefined ? {} : { Map: { Item: thread.item } }),
    ...(taskToken === undefined ? {} : { Task: { Token: taskToken } }),
    ...context,
  };
}

const retriesOf = ({ retries }: Thread) => Object.values(retries).reduce((sum, count) => sum + count, 0);

/** What expressions of the state see. The context object is made when it is first looked at: most states never do. */
export function scopeOf(step: Step, input: Json, more?: Partial<Scope> & { taskToken?: string | undefined }): Scope {
  const { taskToken, ...rest } = more ?? {};
  let context: Json | undefined;
  return {
    input,
    get context() {
      context ??= contextOf(step, taskToken);
      return context;
    },
    variables: step.thread.variables,
    now: step.world.now,
    random: step.world.random,
    uuid: step.world.newId,
    ...rest,
  };
}
