import type { Json } from '../json.ts';
import { boundedText } from './data-limit.ts';
import type { Execution, Failure, JoinWait, Signal, Thread } from './execution.ts';
import { dirtyOf, machineAt, ROOT } from './execution.ts';
import { abortChildren, dropItems, endThread } from './join.ts';
import type { State } from './language/definition.ts';
import { StateError } from './language/state-error.ts';
import { withError } from './processing.ts';
import { catcherOf, type Handled, isRetrying, retryDelay } from './retry.ts';
import { STATE_TYPES } from './states/types.ts';
import {
  effect,
  emit,
  HistoryFull,
  type Outcome,
  remark,
  type StateType,
  type Step,
  stepOf,
  WHOLE,
  type World,
} from './step.ts';
import { isAwaited } from './waiting.ts';

/** States that a machine may run through in one turn; a loop that never waits lets others have theirs. */
const STATES_PER_TURN = 1_000;

export interface Wake {
  readonly thread: string;
  readonly signal: Signal;
}

/**
 * Takes a thread from where it stands to where it waits again, and its new children as well. No I/O: nothing is written, nobody is called; what is to
 * be done afterwards stands in `execution.dirty`. Answers the threads that have not come to rest.
 */
export async function advance(execution: Execution, wakes: readonly Wake[], world: World): Promise<Wake[]> {
  const queue = [...wakes];
  let next = 0;
  for (let states = 0; next < queue.length && states < STATES_PER_TURN; states++) {
    const { thread: id, signal } = queue[next++]!;
    const thread = execution.threads.get(id);
    if (!thread || execution.row.status !== 'RUNNING' || !isAwaited(thread, signal)) continue;
    const known = execution.row.threads;
    queue.push(...(await takeSafely({ execution, thread, world }, signal)));
    for (let child = known + 1; child <= execution.row.threads; child++)
      queue.push({ thread: String(child), signal: { kind: 'start' } });
  }
  return queue.slice(next);
}

type Turn = Omit<Step, 'state'>;

/** A fault of ours ends the execution that it happened in, not all of them. */
async function takeSafely(turn: Turn, signal: Signal): Promise<Wake[]> {
  try {
    return await take(turn, signal);
  } catch (error) {
    if (error instanceof HistoryFull)
      return endExecution(turn, 'FAILED', { error: 'States.Runtime', cause: error.message });
    const { executionArn } = turn.execution.row;
    turn.world.report({ level: 'error', message: 'an execution failed unexpectedly', executionArn, error });
    return endExecution(turn, 'FAILED', { error: 'States.Runtime', cause: String(error) });
  }
}

/** One state of one thread: enters it, or goes on in it. */
async function take(turn: Turn, signal: Signal): Promise<Wake[]> {
  const { thread, execution } = turn;
  dirtyOf(execution).threads.add(thread.id);
  if (signal.kind === 'end') return endExecution(turn, signal.status, signal);
  if (!thread.state) {
    const text = JSON.stringify(thread.input);
    enterState(turn, machineAt(execution.definition, thread.path).StartAt, { output: thread.input, text });
  }
  const step = stepOf(turn);
  const type = STATE_TYPES[step.state.Type] as StateType<State>;
  const entering = signal.kind === 'start' || isRetrying(thread);
  try {
    if (entering) delete thread.wait;
    return await conclude(step, await (entering ? type.enter(step) : type.resume!(step, signal)));
  } catch (error) {
    return recover(step, explained(step, asStateError(step, error)));
  }
}

/** What went wrong without a name in the States language is a fault of ours: it ends this execution, not all of them. */
function asStateError({ world, execution }: Step, error: unknown): StateError {
  if (error instanceof StateError) return error;
  if (error instanceof HistoryFull) throw error;
  if (error instanceof RangeError)
    return new StateError('States.DataLimitExceeded', 'The data are too large, or nested too deeply.');
  world.report({
    level: 'error',
    message: 'a state failed unexpectedly',
    executionArn: execution.row.executionArn,
    error,
  });
  return new StateError('States.Runtime', String(error));
}

function enterState(turn: Turn, name: string, { output: input, text }: { output: Json; text: string }) {
  const { thread, execution, world } = turn;
  thread.state = name;
  thread.input = input;
  thread.enteredAt = world.now();
  thread.retries = {};
  thread.enteredAfter = thread.lastEvent;
  const { Type } = machineAt(execution.definition, thread.path).States[name]!;
  const details = { input: text, inputDetails: WHOLE, name };
  thread.enteredEvent = emit(turn, `${Type}StateEntered`, { stateEnteredEventDetails: details });
}

/** What a state could not evaluate, told as AWS tells it: with the state, and the event of its entering. */
function explained(step: Step, { error, causeText }: StateError): Handled {
  const { state, enteredEvent } = step.thread;
  if (error === 'States.DataLimitExceeded') return { error, cause: causeText };
  const cause = `An error occurred while executing the state '${state}' (entered at the event id #${enteredEvent}). ${causeText}`;
  if (error === 'States.QueryEvaluationError') evaluationFailed(step, { error, cause });
  return { error, cause };
}

function evaluationFailed(step: Step, { error, cause }: { error: string; cause: string }) {
  const location = /specified for the field '([^']+)'/.exec(cause)?.[1];
  const details = { error, cause, ...(location === undefined ? {} : { location }), state: step.thread.state };
  // By AWS's count an evaluation that fails first thing follows from what the state's entering followed from.
  const { thread } = step;
  if (thread.lastEvent === thread.enteredEvent) thread.lastEvent = thread.enteredAfter;
  emit(step, 'EvaluationFailed', { evaluationFailedEventDetails: details });
  if (step.state.Type === 'Map' || step.state.Type === 'Parallel') emit(step, `${step.state.Type}StateFailed`);
}

/** What follows from the outcome of a state: the next one, the end of the thread, or nothing yet. */
async function conclude(step: Step, outcome: Outcome): Promise<Wake[]> {
  if (outcome.kind === 'waiting') return [];
  if (outcome.kind === 'error') return recover(step, outcome);
  if (outcome.kind === 'failed') return failThread(step, outcome);
  const text = boundedText(outcome.output, step.thread.state, step.world.limits);
  delete step.thread.wait;
  const next = outcome.next ?? (step.state as { Next?: string }).Next;
  return leave(step, { ...outcome, text, next });
}

interface Leaving {
  readonly output: Json;
  readonly text: string;
  readonly assigned?: Readonly<Record<string, Json>> | undefined;
  readonly next?: string | undefined;
}

function leave(step: Step, { output, text, assigned, next }: Leaving): Wake[] {
  const { thread, state, world } = step;
  const variables = Object.entries(assigned ?? {});
  const told = Object.fromEntries(variables.map(([name, value]) => [name, boundedText(value, name, world.limits)]));
  if (variables.length > 0) thread.variables = { ...thread.variables, ...assigned };
  emit(step, `${state.Type}StateExited`, {
    stateExitedEventDetails: {
      name: thread.state,
      output: text,
      outputDetails: WHOLE,
      ...(variables.length > 0 ? { assignedVariables: told, assignedVariablesDetails: WHOLE } : {}),
    },
  });
  if (next === undefined) return finishThread(step, { output, text });
  enterState(step, next, { output, text });
  return [{ thread: thread.id, signal: { kind: 'start' } }];
}

/** An error in a state: tries again, goes to a catcher, or fails the thread. */
async function recover(step: Step, failure: Handled): Promise<Wake[]> {
  if (failure.error === 'States.Runtime') return failThread(step, failure);
  const { thread, world, state } = step;
  const joins = thread.wait?.kind === 'join';
  abortChildren(step);
  dropItems(step);
  const delay = retryDelay(step, failure);
  if (delay !== undefined) {
    thread.wait = { kind: 'timer', until: world.now() + delay, retry: true };
    return [];
  }
  delete thread.wait;
  if (joins) emit(step, `${state.Type}StateFailed`);
  const catcher = catcherOf(step, failure);
  if (!catcher) return failThread(step, failure);
  const error = { Error: failure.error ?? '', ...(failure.cause === undefined ? {} : { Cause: failure.cause }) };
  try {
    const { output, assigned } = await withError(step, catcher as never, error);
    const text = boundedText(output, thread.state, world.limits);
    return leave(step, { output, text, assigned, next: catcher.Next });
  } catch (thrown) {
    return failThread(step, explained(step, asStateError(step, thrown)));
  }
}

function failThread(step: Step, { error, cause }: Failure): Wake[] {
  const { thread, execution } = step;
  if (!thread.parent) return endExecution(step, 'FAILED', { error, cause });
  const parent = execution.threads.get(thread.parent.thread)!;
  const { index } = thread.parent;
  if (step.state.Type === 'Task') emit(step, 'TaskStateAborted');
  const parentStep = stepOf({ ...step, thread: parent });
  if (parentStep.state.Type === 'Map')
    remark(step, 'MapIterationFailed', { mapIterationFailedEventDetails: { index, name: parent.state } });
  parent.lastEvent = thread.lastEvent;
  endThread(step);
  return [{ thread: parent.id, signal: { kind: 'childFailed', index, error, cause } }];
}

function finishThread(step: Step, { output, text }: { output: Json; text: string }): Wake[] {
  const { thread, execution, world } = step;
  if (thread.parent) return joinParent(step, thread.parent, output);
  emit(step, 'ExecutionSucceeded', { executionSucceededEventDetails: { output: text, outputDetails: WHOLE } });
  endThread(step);
  Object.assign(execution.row, { status: 'SUCCEEDED', output: text, stoppedAt: world.now() });
  effect(step, { kind: 'ended' });
  return [];
}

/** A child is done: the parent takes the next item, or goes on when there is none. */
function joinParent(step: Step, { thread: id, index }: NonNullable<Thread['parent']>, output: Json): Wake[] {
  const { execution, thread } = step;
  const parent = execution.threads.get(id)!;
  if (machineAt(execution.definition, parent.path).States[parent.state]!.Type === 'Map')
    remark(step, 'MapIterationSucceeded', { mapIterationSucceededEventDetails: { index, name: parent.state } });
  parent.lastEvent = thread.lastEvent;
  endThread(step);
  const item = execution.items.get(id)![index]!;
  item.output = output;
  dirtyOf(execution).items.add(item);
  const wait = parent.wait as JoinWait;
  parent.wait = { ...wait, done: wait.done + 1 };
  return [{ thread: id, signal: { kind: 'joined' } }];
}

const END_EVENTS = { FAILED: 'ExecutionFailed', TIMED_OUT: 'ExecutionTimedOut', ABORTED: 'ExecutionAborted' } as const;

/** Ends an execution that did not succeed, with all its threads. Where it stood is kept in its root thread, for a redrive. */
function endExecution(turn: Turn, status: keyof typeof END_EVENTS, { error, cause }: Failure): Wake[] {
  const { execution, world } = turn;
  const root = execution.threads.get(ROOT)!;
  const type = END_EVENTS[status];
  const member = `${type[0]!.toLowerCase()}${type.slice(1)}EventDetails`;
  const details = { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
  emit(status === 'FAILED' ? turn : { ...turn, thread: root }, type, { [member]: details });
  const { wait: _, ...stoodAt } = root;
  endThread({ execution, thread: root });
  execution.threads.set(root.id, stoodAt);
  Object.assign(execution.row, { status, ...details, stoppedAt: world.now() });
  effect(turn, { kind: 'ended' });
  return [];
}
