import type { Json } from '../json.ts';
import type { Effect, Execution, Signal, Thread } from './execution.ts';
import type { State } from './language/definition.ts';
import { evaluatePath, type Scope, setAtPath } from './language/json-path.ts';
import { StateError } from './language/state-error.ts';
import { renderTemplate } from './language/template.ts';

/** What the core needs from outside: time, chance and names. It does no I/O. */
export interface World {
  now(): number;
  random(): number;
  newId(): string;
}

/** One thread in one state, in a turn. */
export interface Step<S extends State = State> {
  readonly world: World;
  readonly execution: Execution;
  readonly thread: Thread;
  readonly state: S;
}

/** How a state ends: with its output, by ending its thread, or not yet. */
export type Outcome =
  | { readonly kind: 'output'; readonly output: Json; readonly next?: string }
  | { readonly kind: 'failed'; readonly error: string; readonly cause: string }
  | { readonly kind: 'waiting' };

export const WAITING: Outcome = { kind: 'waiting' };

/** A state type: what it does when it is entered, and when what it waits for has come. Throws StateError. */
export interface StateType<S extends State> {
  enter(step: Step<S>): Outcome;
  resume?(step: Step<S>, signal: Signal): Outcome;
}

/** Adds an event to the history; `details` is its one member of that name. */
export function emit({ world, execution, thread }: Step, type: string, details?: Record<string, object>) {
  const { row, dirty } = execution;
  row.events += 1;
  dirty.events.push({ id: row.events, previousEventId: thread.lastEvent, type, timestamp: world.now(), ...details });
  thread.lastEvent = row.events;
}

export const effect = ({ execution }: Pick<Step, 'execution'>, one: Effect) => execution.dirty.effects.push(one);

/** The context object, `$$`. */
export function contextOf({ execution: { row, stateMachineName }, thread }: Step, taskToken?: string): Json {
  return {
    Execution: {
      Id: row.executionArn,
      Input: JSON.parse(row.input) as Json,
      Name: row.name,
      RoleArn: row.roleArn,
      StartTime: new Date(row.startedAt).toISOString(),
    },
    StateMachine: { Id: row.stateMachineArn, Name: stateMachineName },
    State: {
      Name: thread.state,
      EnteredTime: new Date(thread.enteredAt).toISOString(),
      RetryCount: Object.values(thread.retries).reduce((sum, count) => sum + count, 0),
    },
    ...(thread.item === undefined ? {} : { Map: { Item: thread.item } }),
    ...(taskToken === undefined ? {} : { Task: { Token: taskToken } }),
  };
}

/** Input as the state sees it, after InputPath; `null` means nothing of it. */
export function scopeOf(step: Step, taskToken?: string): Scope {
  const context = contextOf(step, taskToken);
  const { InputPath = '$' } = step.state as { InputPath?: string | null };
  if (InputPath === null) return { input: {}, context };
  return {
    input: InputPath === '$' ? step.thread.input : evaluatePath(InputPath, { input: step.thread.input, context }),
    context,
  };
}

/** The input after InputPath and Parameters. */
export function effectiveInput(step: Step & { state: { Parameters?: Json } }, taskToken?: string): Json {
  const scope = scopeOf(step, taskToken);
  return step.state.Parameters === undefined ? scope.input : renderTemplate(step.state.Parameters, scope);
}

type WithResult = Extract<State, { ResultPath?: string | null }>;

/** The output of a state with this result: ResultSelector, ResultPath, OutputPath. */
export function outputOf(step: Step<WithResult>, result: Json): Outcome {
  const { ResultSelector, ResultPath = '$' } = step.state;
  const context = contextOf(step);
  const selected = ResultSelector === undefined ? result : renderTemplate(ResultSelector, { input: result, context });
  const raw = step.thread.input;
  const combined = ResultPath === null ? raw : ResultPath === '$' ? selected : setAtPath(ResultPath, raw, selected);
  return { kind: 'output', output: afterOutputPath(step, combined) };
}

export function afterOutputPath(step: Step, value: Json): Json {
  const { OutputPath = '$' } = step.state as { OutputPath?: string | null };
  if (OutputPath === null) return {};
  return OutputPath === '$' ? value : evaluatePath(OutputPath, { input: value, context: contextOf(step) });
}

/** A number of seconds that stands in the state or at a path. */
export function secondsOf(step: Step, literal: number | undefined, path: string | undefined): number | undefined {
  if (path === undefined) return literal;
  const value = evaluatePath(path, scopeOf(step));
  if (typeof value === 'number' && value >= 0) return value;
  throw new StateError('States.Runtime', `The value at '${path}' is ${JSON.stringify(value)}, not a number of seconds`);
}
