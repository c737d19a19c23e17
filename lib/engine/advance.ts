import type { Json } from '../json.ts';
import { type Execution, type Signal, statesOf, type Thread } from './execution.ts';
import { endThread } from './join.ts';
import type { MapState, State } from './language/definition.ts';
import { StateError } from './language/state-error.ts';
import { caught, retryDelay } from './retry.ts';
import { choice } from './states/choice.ts';
import { fail } from './states/fail.ts';
import { map, startIteration } from './states/map.ts';
import { parallel } from './states/parallel.ts';
import { pass } from './states/pass.ts';
import { succeed } from './states/succeed.ts';
import { task } from './states/task.ts';
import { wait } from './states/wait.ts';
import { effect, emit, type Outcome, type StateType, type Step, type World } from './step.ts';

const STATE_TYPES: Readonly<Record<State['Type'], StateType<never>>> = {
  Choice: choice,
  Fail: fail,
  Map: map,
  Parallel: parallel,
  Pass: pass,
  Succeed: succeed,
  Task: task,
  Wait: wait,
};

/** States that a machine may run through in one turn; a loop that never waits lets others have theirs. */
const STATES_PER_TURN = 1_000;

/**
 * Takes a thread from where it stands to where it waits again, and its new children as well. Pure but for the execution that it is given: nothing is
 * written, nobody is called; what is to be done afterwards stands in `execution.dirty`. Answers the threads that have not come to rest.
 */
export function advance(
  execution: Execution,
  wake: { thread: string; signal: Signal },
  world: World,
): { thread: string; signal: Signal }[] {
  const queue = [wake];
  for (let states = 0; queue.length > 0 && states < STATES_PER_TURN; states++) {
    const { thread: id, signal } = queue.shift()!;
    const thread = execution.threads.get(id);
    if (!thread || execution.row.status !== 'RUNNING') continue;
    const known = execution.threadCount;
    queue.push(...take({ execution, thread, world }, signal));
    for (let child = known + 1; child <= execution.threadCount; child++)
      queue.push({ thread: String(child), signal: { kind: 'start' } });
  }
  return queue;
}

type Turn = Omit<Step, 'state'>;
type Wakes = { thread: string; signal: Signal }[];

/** One state of one thread: enters it, or goes on in it. */
function take(turn: Turn, signal: Signal): Wakes {
  const { thread, execution } = turn;
  execution.dirty.threads.add(thread.id);
  const machine = statesOf(execution, thread);
  if (!thread.state) enterState(turn, machine.StartAt, thread.input);
  const step: Step = { ...turn, state: machine.States[thread.state]! };
  const type = STATE_TYPES[step.state.Type] as StateType<State>;
  const retried = thread.wait?.kind === 'timer' && thread.wait.retry;
  const entering = signal.kind === 'start' || retried;
  try {
    if (entering) delete thread.wait;
    return conclude(step, entering ? type.enter(step) : type.resume!(step, signal));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return recover(step, error);
  }
}

function enterState(turn: Turn, name: string, input: Json) {
  const { thread, execution, world } = turn;
  thread.state = name;
  thread.input = input;
  thread.enteredAt = world.now();
  thread.retries = {};
  const state = statesOf(execution, thread).States[name]!;
  emit({ ...turn, state }, `${state.Type}StateEntered`, {
    stateEnteredEventDetails: { name, input: JSON.stringify(input) },
  });
}

/** What follows from the outcome of a state: the next one, the end of the thread, or nothing yet. */
function conclude(step: Step, outcome: Outcome): Wakes {
  const { thread, state } = step;
  if (outcome.kind === 'waiting') return [];
  delete thread.wait;
  if (outcome.kind === 'failed') return failThread(step, { error: outcome.error, cause: outcome.cause });
  emit(step, `${state.Type}StateExited`, {
    stateExitedEventDetails: { name: thread.state, output: JSON.stringify(outcome.output) },
  });
  const next = outcome.next ?? (state as { Next?: string }).Next;
  if (next === undefined) return finishThread(step, outcome.output);
  enterState(step, next, outcome.output);
  return [{ thread: thread.id, signal: { kind: 'start' } }];
}

/** An error in a state: tries again, goes to a catcher, or fails the thread. */
function recover(step: Step, error: StateError): Wakes {
  const { thread, execution, world, state } = step;
  for (const child of [...execution.threads.values()])
    if (child.parent?.thread === thread.id) endThread(step, child.id);
  const delay = retryDelay(step, error);
  if (delay !== undefined) {
    thread.wait = { kind: 'timer', until: world.now() + delay, retry: true };
    return [];
  }
  delete thread.wait;
  const catcher = caught(step, error);
  if (!catcher) return failThread(step, { error: error.error, cause: error.causeText });
  emit(step, `${state.Type}StateExited`, {
    stateExitedEventDetails: { name: thread.state, output: JSON.stringify(catcher.output) },
  });
  enterState(step, catcher.next, catcher.output);
  return [{ thread: thread.id, signal: { kind: 'start' } }];
}

function failThread(step: Step, failure: { error: string; cause: string }): Wakes {
  const { thread } = step;
  if (thread.parent) {
    endThread(step, thread.id);
    const parent = step.execution.threads.get(thread.parent.thread)!;
    parent.lastEvent = thread.lastEvent;
    return [{ thread: parent.id, signal: { kind: 'childFailed', index: thread.parent.index, ...failure } }];
  }
  endExecution(step, { status: 'FAILED', ...failure });
  return [];
}

function finishThread(step: Step, output: Json): Wakes {
  const { thread, execution } = step;
  if (thread.parent) return joinParent(step, thread.parent, output);
  emit(step, 'ExecutionSucceeded', { executionSucceededEventDetails: { output: JSON.stringify(output) } });
  endThread(step, thread.id);
  Object.assign(execution.row, { status: 'SUCCEEDED', output: JSON.stringify(output), stoppedAt: step.world.now() });
  effect(step, { kind: 'ended' });
  return [];
}

/** A child is done: the next item's turn, or the parent's when all are. */
function joinParent(step: Step, { thread: parentId, index }: NonNullable<Thread['parent']>, output: Json): Wakes {
  const { execution, thread } = step;
  const parent = execution.threads.get(parentId)!;
  const join = parent.wait as Extract<Thread['wait'], { kind: 'join' }>;
  const parentStep: Step = { ...step, thread: parent, state: statesOf(execution, parent).States[parent.state]! };
  parent.lastEvent = thread.lastEvent;
  if (join.items)
    emit(parentStep, 'MapIterationSucceeded', { mapIterationSucceededEventDetails: { name: parent.state, index } });
  endThread(step, thread.id);
  join.outputs[index] = output;
  const done = join.done + 1;
  const more = join.items !== undefined && join.next < join.items.length;
  parent.wait = { ...join, done, next: join.next + (more ? 1 : 0) };
  execution.dirty.threads.add(parentId);
  if (more) startIteration(parentStep as Step<MapState>, { index: join.next, items: join.items! });
  return done === join.outputs.length
    ? [{ thread: parentId, signal: { kind: 'joined', outputs: join.outputs as Json[] } }]
    : [];
}

/** Ends an execution that did not succeed, with all its threads. */
export function endExecution(
  step: Pick<Step, 'execution' | 'thread' | 'world' | 'state'>,
  {
    status,
    error,
    cause,
  }: { status: 'FAILED' | 'TIMED_OUT' | 'ABORTED'; error?: string | undefined; cause?: string | undefined },
) {
  const type = { FAILED: 'ExecutionFailed', TIMED_OUT: 'ExecutionTimedOut', ABORTED: 'ExecutionAborted' }[status];
  const member = `${type[0]!.toLowerCase()}${type.slice(1)}EventDetails`;
  const details = { ...(error ? { error } : {}), ...(cause ? { cause } : {}) };
  emit(step, type, { [member]: details });
  for (const id of [...step.execution.threads.keys()]) endThread(step, id);
  Object.assign(step.execution.row, { status, ...details, stoppedAt: step.world.now() });
  effect(step, { kind: 'ended' });
}
