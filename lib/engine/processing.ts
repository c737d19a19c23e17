/**
 * How input becomes output. JSONPath: InputPath, Parameters, the work, ResultSelector, Assign, ResultPath, OutputPath. JSONata: Arguments, the work,
 * Assign and Output side by side; neither sees what the other makes.
 */
import type { Json } from '../json.ts';
import { evaluatePath, setAtPath } from './language/json-path.ts';
import { renderJsonata } from './language/jsonata.ts';
import type { Scope } from './language/scope.ts';
import { StateError } from './language/state-error.ts';
import { renderTemplate } from './language/template.ts';
import { isJsonata, type Outcome, type Step, scopeOf } from './step.ts';

/** The fields that any state may have; those of the other query language are refused when the definition is created. */
interface Fields {
  readonly InputPath?: string | null;
  readonly OutputPath?: string | null;
  readonly Parameters?: Json;
  readonly Arguments?: Json;
  readonly ResultSelector?: Json;
  readonly ResultPath?: string | null;
  readonly Assign?: Json;
  readonly Output?: Json;
}

const fieldsOf = (step: Step) => step.state as unknown as Fields;

/** The input after InputPath; JSONata has none. */
export function inputOf(step: Step): Json {
  const { InputPath = '$' } = fieldsOf(step);
  const { input } = step.thread;
  if (isJsonata(step) || InputPath === '$') return input;
  return InputPath === null ? {} : evaluatePath(InputPath, scopeOf(step, input));
}

/** What the state works with: Arguments, or the input after Parameters. */
export async function argumentsOf(step: Step, taskToken?: string): Promise<Json> {
  const { Parameters, Arguments } = fieldsOf(step);
  if (isJsonata(step)) {
    if (Arguments === undefined) return step.thread.input;
    return renderJsonata(Arguments, scopeOf(step, step.thread.input, { taskToken }), 'Arguments');
  }
  const input = inputOf(step);
  return Parameters === undefined ? input : renderTemplate(Parameters, scopeOf(step, input, { taskToken }));
}

/** How a state ends that has a result. */
export async function withResult(step: Step, result: Json): Promise<Outcome> {
  if (isJsonata(step)) return jsonataOutcome(step, { fields: fieldsOf(step), scope: { result }, otherwise: result });
  const { selected, place } = resultStages(step, result);
  const assigned = assignedBy(fieldsOf(step).Assign, scopeOf(step, selected));
  return { kind: 'output', output: afterOutputPath(step, place()), assigned };
}

/** The result on its way to the output, in JSONPath: as ResultSelector leaves it, and then put where ResultPath says. */
export function resultStages(step: Step, result: Json): { selected: Json; place(): Json } {
  const { ResultSelector, ResultPath = '$' } = fieldsOf(step);
  const selected = ResultSelector === undefined ? result : renderTemplate(ResultSelector, scopeOf(step, result));
  return { selected, place: () => placed(ResultPath, step.thread.input, selected) };
}

/** How a state ends that hands on its input. `fields` are another's than the state's where a choice rule has its own. */
export async function withInput(step: Step, fields: Fields = fieldsOf(step)): Promise<Outcome> {
  const { input } = step.thread;
  if (isJsonata(step)) return jsonataOutcome(step, { fields, scope: {}, otherwise: input });
  const seen = inputOf(step);
  const assigned = assignedBy(fields.Assign, scopeOf(step, seen));
  return { kind: 'output', output: afterOutputPath(step, seen), assigned };
}

/** What a catcher hands on; `fields` are the catcher's. */
export async function withError(
  step: Step,
  fields: Fields,
  error: Json,
): Promise<Extract<Outcome, { kind: 'output' }>> {
  if (isJsonata(step)) return jsonataOutcome(step, { fields, scope: { errorOutput: error }, otherwise: error });
  const { ResultPath = '$', Assign } = fields;
  const assigned = assignedBy(Assign, scopeOf(step, error));
  return { kind: 'output', output: placed(ResultPath, step.thread.input, error), assigned };
}

async function jsonataOutcome(
  step: Step,
  { fields, scope, otherwise }: { fields: Fields; scope: Partial<Scope>; otherwise: Json },
): Promise<Extract<Outcome, { kind: 'output' }>> {
  const seen = scopeOf(step, step.thread.input, scope);
  const { Assign, Output } = fields;
  const assigned = Assign === undefined ? undefined : await renderJsonata(Assign, seen, 'Assign');
  const output = Output === undefined ? otherwise : await renderJsonata(Output, seen, 'Output');
  return { kind: 'output', output, assigned: assigned as Record<string, Json> | undefined };
}

const assignedBy = (Assign: Json | undefined, scope: Scope) =>
  Assign === undefined ? undefined : (renderTemplate(Assign, scope) as Record<string, Json>);

function placed(ResultPath: string | null, input: Json, result: Json): Json {
  if (ResultPath === null) return input;
  return ResultPath === '$' ? result : setAtPath(ResultPath, input, result);
}

function afterOutputPath(step: Step, value: Json): Json {
  const { OutputPath = '$' } = fieldsOf(step);
  if (OutputPath === null) return {};
  return OutputPath === '$' ? value : evaluatePath(OutputPath, scopeOf(step, value));
}

/** The value of a field that is a literal, a JSONata expression, or stands at the path that its `…Path` sibling gives. */
export async function fieldOf(step: Step, name: string): Promise<Json | undefined> {
  const state = step.state as unknown as Readonly<Record<string, Json | undefined>>;
  const path = state[`${name}Path`];
  if (typeof path === 'string') return evaluatePath(path, scopeOf(step, inputOf(step)));
  const literal = state[name];
  if (literal === undefined || !isJsonata(step)) return literal;
  return renderJsonata(literal, scopeOf(step, step.thread.input), name);
}

/** The whole number in a field, at least `least`. Throws StateError in the words of AWS. */
export async function integerOf(step: Step, name: string, least = 0): Promise<number | undefined> {
  const value = numberOf(await fieldOf(step, name));
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw notA(step, name, { kind: 'integer', value });
}

/** A number that stands in the data as a text counts as one. */
export const numberOf = (value: Json | undefined): Json | undefined =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;

export function notA(step: Step, name: string, { kind, value }: { kind: string; value: Json }): StateError {
  const path = (step.state as unknown as Record<string, string | undefined>)[`${name}Path`];
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  if (path === undefined)
    return new StateError(
      isJsonata(step) ? 'States.QueryEvaluationError' : 'States.Runtime',
      `The ${name} field has value ${JSON.stringify(shown)} which is not a valid ${kind}.`,
    );
  return new StateError(
    'States.Runtime',
    `The ${name}Path field refers to value "${shown}" which is not a valid ${kind}: ${path}`,
  );
}
