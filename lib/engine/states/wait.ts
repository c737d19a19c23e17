import type { Json } from '../../json.ts';
import type { WaitState } from '../language/definition.ts';
import { evaluatePath } from '../language/json-path.ts';
import { StateError } from '../language/state-error.ts';
import { fieldOf, inputOf, withInput } from '../processing.ts';
import { isJsonata, type StateType, type Step, scopeOf, WAITING } from '../step.ts';

/** Seconds that a state may wait: those that fit an int of milliseconds after the epoch's year, as AWS counts. Source: recorded refusals. */
const LONGEST_WAIT_SECONDS = 99_999_999;
/** Days ahead that a timestamp may lie. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

export const wait: StateType<WaitState> = {
  async enter(step) {
    const until = await endOf(step);
    if (until > step.world.now() + LONGEST_WAIT_SECONDS * 1_000)
      throw new StateError('States.Runtime', 'Wait state delay is too long.');
    step.thread.wait = { kind: 'timer', until, retry: false };
    return WAITING;
  },
  resume: (step) => withInput(step),
};

async function endOf(step: Step<WaitState>): Promise<number> {
  const { SecondsPath, Timestamp, TimestampPath, Seconds } = step.state;
  if (SecondsPath !== undefined) return step.world.now() + secondsAt(step, SecondsPath) * 1_000;
  if (Timestamp === undefined && TimestampPath === undefined && Seconds !== undefined)
    return step.world.now() + seconds(await fieldOf(step, 'Seconds')) * 1_000;
  const text = TimestampPath === undefined ? await fieldOf(step, 'Timestamp') : timestampAt(step, TimestampPath);
  return timestamp(step, text);
}

function seconds(value: Json | undefined): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LONGEST_WAIT_SECONDS) return value;
  throw new StateError(
    'States.QueryEvaluationError',
    `The JSONata expression specified for the field 'Seconds' returned an unexpected value: ${JSON.stringify(value)}`,
  );
}

function secondsAt(step: Step<WaitState>, path: string): number {
  const value = found(step, path);
  if (value === undefined) throw reference('SecondsPath', `does not reference an input value: ${path}`);
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw reference('SecondsPath', `does not reference a valid integer: ${path} == ${shown(value)}`);
  if (value < 0) throw reference('SecondsPath', `references a negative value: ${path} == ${value}`);
  return value;
}

function timestampAt(step: Step<WaitState>, path: string): Json {
  const value = found(step, path);
  if (value === undefined) throw reference('TimestampPath', `does not reference an input value: ${path}`);
  return value;
}

function timestamp(step: Step<WaitState>, text: Json | undefined): number {
  const until = typeof text === 'string' && TIMESTAMP.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(until)) return until;
  const { TimestampPath } = step.state;
  const form = 'a valid ISO-8601 extended offset date-time format string';
  if (TimestampPath !== undefined)
    throw reference('TimestampPath', `does not reference ${form}: ${TimestampPath} == ${shown(text)}`);
  throw new StateError(
    isJsonata(step) ? 'States.QueryEvaluationError' : 'States.Runtime',
    `The Timestamp field is not ${form}: ${shown(text)}`,
  );
}

const shown = (value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value));

const reference = (name: string, problem: string) =>
  new StateError('States.Runtime', `The ${name} parameter ${problem}`);

function found(step: Step<WaitState>, path: string): Json | undefined {
  try {
    return evaluatePath(path, scopeOf(step, inputOf(step)));
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}
