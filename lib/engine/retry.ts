import type { Failure, Thread } from './execution.ts';
import type { Catcher, Retrier } from './language/definition.ts';
import type { Step } from './step.ts';

/** An error to be handled: a heartbeat that is missing is reported as a timeout, but has a name of its own for Retry and Catch. */
export type Handled = Failure & { readonly heartbeat?: boolean };

/** What `States.ALL` does not match. Source: developer guide, error names. */
const TERMINAL = ['States.Runtime'];

function matches(names: readonly string[], { error, heartbeat }: Handled): boolean {
  return names.some((name) => {
    if (name === error) return true;
    if (name === 'States.HeartbeatTimeout') return heartbeat === true;
    if (name === 'States.TaskFailed') return error !== 'States.Timeout' && !TERMINAL.includes(error ?? '');
    return name === 'States.ALL' && !TERMINAL.includes(error ?? '');
  });
}

/** When the state is to be tried again after this error: milliseconds from now. Undefined when it is not. Counts the retry. */
export function retryDelay({ thread, state, world }: Step, failure: Handled): number | undefined {
  const place = retrierAt({ state }, failure);
  const retrier = retriersOf({ state })[place];
  if (!retrier) return undefined;
  const used = thread.retries[place] ?? 0;
  if (used >= (retrier.MaxAttempts ?? 3)) return undefined;
  thread.retries = { ...thread.retries, [place]: used + 1 };
  return delayOf(retrier, used) * (retrier.JitterStrategy === 'FULL' ? world.random() : 1);
}

function delayOf(retrier: Retrier, used: number): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  return Math.min(IntervalSeconds * BackoffRate ** used, MaxDelaySeconds) * 1_000;
}

const retriersOf = ({ state }: Pick<Step, 'state'>) => (state as { Retry?: readonly Retrier[] }).Retry ?? [];
const catchersOf = ({ state }: Pick<Step, 'state'>) => (state as { Catch?: readonly Catcher[] }).Catch ?? [];

/** The place of the retrier whose names have this error; -1 when none has. */
export const retrierAt = (step: Pick<Step, 'state'>, failure: Handled): number =>
  retriersOf(step).findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure));

/** The place of the catcher that takes this error; -1 when none does. */
export const catcherAt = (step: Pick<Step, 'state'>, failure: Handled): number =>
  catchersOf(step).findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure));

/** The catcher that takes this error. */
export const catcherOf = (step: Step, failure: Handled): Catcher | undefined =>
  catchersOf(step)[catcherAt(step, failure)];

/** Whether a thread waits to try its state again. */
export const isRetrying = ({ wait }: Thread) => wait?.kind === 'timer' && wait.retry;
