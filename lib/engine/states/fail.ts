import type { Json } from '../../json.ts';
import type { FailState } from '../language/definition.ts';
import { evaluatePath } from '../language/json-path.ts';
import { renderJsonata } from '../language/jsonata.ts';
import { StateError } from '../language/state-error.ts';
import { renderTemplate } from '../language/template.ts';
import { isJsonata, type StateType, type Step, scopeOf } from '../step.ts';

export const fail: StateType<FailState> = {
  async enter(step) {
    const [error, cause] = [await textOf(step, 'Error'), await textOf(step, 'Cause')];
    return { kind: 'failed', error, cause };
  },
};

/** A literal, a JSONata expression, a path, or an intrinsic function, which CDK puts into CausePath. */
async function textOf(step: Step<FailState>, name: 'Error' | 'Cause'): Promise<string | undefined> {
  const scope = scopeOf(step, step.thread.input);
  const path = step.state[`${name}Path`];
  if (path === undefined) {
    const literal = step.state[name];
    if (literal === undefined || !isJsonata(step)) return literal;
    return text(step, name, await renderJsonata(literal, scope, name));
  }
  if (path.startsWith('States.'))
    return text(step, name, (renderTemplate({ 'value.$': path }, scope) as { value: Json }).value);
  return text(step, name, at(path, `${name}Path`, step));
}

function at(path: string, field: string, step: Step<FailState>): Json {
  try {
    return evaluatePath(path, scopeOf(step, step.thread.input));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const input = JSON.stringify(step.thread.input);
    const what = `The JSONPath '${path}' specified for the field '${field}'`;
    throw new StateError('States.Runtime', `${what} could not be found in the input '${input}'`);
  }
}

function text(step: Step<FailState>, name: string, value: Json): string {
  if (typeof value === 'string') return value;
  const shown = JSON.stringify(value);
  if (isJsonata(step))
    throw new StateError(
      'States.QueryEvaluationError',
      `The JSONata expression specified for the field '${name}' returned an unexpected result type. Expected 'string' for value: ${shown}`,
    );
  throw new StateError('States.Runtime', `The ${name}Path field does not refer to a string: ${shown}`);
}
