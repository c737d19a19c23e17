import type { Json } from '../json.ts';
import type { Catcher, Retrier } from './language/definition.ts';
import { setAtPath } from './language/json-path.ts';
import type { StateError } from './language/state-error.ts';
import type { Step } from './step.ts';

/** Errors that `States.ALL` does not match. Source: AWS Step Functions developer guide, error names. */
const NEVER_MATCHED_BY_ALL = ['States.DataLimitExceeded', 'States.Runtime'];
const TIMEOUTS = ['States.Timeout', 'States.HeartbeatTimeout'];

function matches(names: readonly string[], error: string): boolean {
  return names.some((name) => {
    if (name === error) return true;
    if (name === 'States.Timeout') return TIMEOUTS.includes(error);
    if (name === 'States.TaskFailed') return !TIMEOUTS.includes(error) && !NEVER_MATCHED_BY_ALL.includes(error);
    return name === 'States.ALL' && !NEVER_MATCHED_BY_ALL.includes(error);
  });
}

/** When the state is to be tried again after this error: milliseconds from now. Undefined when it is not. Counts the retry. */
export function retryDelay({ thread, state, world }: Step, { error }: StateError): number | undefined {
  const retriers = (state as { Retry?: readonly Retrier[] }).Retry ?? [];
  const place = retriers.findIndex(({ ErrorEquals }) => matches(ErrorEquals, error));
  const retrier = retriers[place];
  if (!retrier) return undefined;
  const {
    IntervalSeconds = 1,
    BackoffRate = 2,
    MaxAttempts = 3,
    MaxDelaySeconds = Number.POSITIVE_INFINITY,
    JitterStrategy,
  } = retrier;
  const used = thread.retries[place] ?? 0;
  if (used >= MaxAttempts) return undefined;
  thread.retries = { ...thread.retries, [place]: used + 1 };
  const seconds = Math.min(IntervalSeconds * BackoffRate ** used, MaxDelaySeconds);
  return seconds * 1_000 * (JitterStrategy === 'FULL' ? world.random() : 1);
}

/** Where a catcher takes this error, with the input for there. Undefined when none does. */
export function caught(
  { thread, state }: Step,
  { error, causeText }: StateError,
): { next: string; output: Json } | undefined {
  const catchers = (state as { Catch?: readonly Catcher[] }).Catch ?? [];
  const catcher = catchers.find(({ ErrorEquals }) => matches(ErrorEquals, error));
  if (!catcher) return undefined;
  const { ResultPath = '$', Next } = catcher;
  const result = { Error: error, Cause: causeText };
  const output =
    ResultPath === null ? thread.input : ResultPath === '$' ? result : setAtPath(ResultPath, thread.input, result);
  return { next: Next, output };
}
