import type { WaitState } from '../language/definition.ts';
import { evaluatePath } from '../language/json-path.ts';
import { StateError } from '../language/state-error.ts';
import { afterOutputPath, type StateType, type Step, scopeOf, secondsOf, WAITING } from '../step.ts';

export const wait: StateType<WaitState> = {
  enter(step) {
    step.thread.wait = { kind: 'timer', until: endOf(step), retry: false };
    return WAITING;
  },
  resume: (step) => ({ kind: 'output', output: afterOutputPath(step, scopeOf(step).input) }),
};

function endOf(step: Step<WaitState>): number {
  const { Seconds, SecondsPath, Timestamp, TimestampPath } = step.state;
  const seconds = secondsOf(step, Seconds, SecondsPath);
  if (seconds !== undefined) return step.world.now() + seconds * 1_000;
  const timestamp = TimestampPath ? evaluatePath(TimestampPath, scopeOf(step)) : Timestamp;
  const until = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(until))
    throw new StateError(
      'States.Runtime',
      `The value at '${TimestampPath}' is ${JSON.stringify(timestamp)}, not a timestamp as 2026-01-31T12:00:00Z`,
    );
  return until;
}
