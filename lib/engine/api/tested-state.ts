import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { checkDefinition } from '../language/check-definition.ts';
import type { State, StateMachineDefinition } from '../language/definition.ts';
import { isObject, type JsonObject } from '../language/json-value.ts';
import { type Input, textOf } from './service.ts';

/** What a state is called that TestState was given without a name. */
const NAME = 'TestState';
const TESTABLE = ['Task', 'Pass', 'Wait', 'Choice', 'Succeed', 'Fail'];
/** Tasks that somebody else ends. */
const ENDED_BY_OTHERS = /\.sync(:2)?$|\.waitForTaskToken$|:activity:/;

/** A state that is run by itself, in a machine that is made for it. */
export interface TestedState {
  readonly name: string;
  readonly state: State;
  readonly definition: StateMachineDefinition;
}

/** Reads what TestState was given: a state, or a machine and the name of one of its states. Throws ApiError. */
export function testedState(input: Input): TestedState {
  const given = parsed(input.definition as string);
  const inMachine = isObject(given.States);
  const name = textOf(input, 'stateName') ?? (inMachine ? String(given.StartAt) : NAME);
  const state = inMachine ? (given.States as JsonObject)[name] : given;
  if (!isObject(state)) throw new ApiError('ValidationException', `the definition has no state '${name}'`);
  check({ name, state, mocked: input.mock !== undefined });
  const language = given.QueryLanguage === undefined ? {} : { QueryLanguage: given.QueryLanguage };
  const definition = { ...(inMachine ? language : {}), StartAt: name, States: { ...targetsOf(state), [name]: state } };
  const problem = checkDefinition(JSON.stringify(definition), { type: 'STANDARD' }).find(
    // A state that leads to itself is no end in a machine of one.
    ({ severity, code }) => severity === 'ERROR' && code !== 'MISSING_END_STATE',
  );
  if (problem) throw invalid(`${problem.code}: ${problem.message}${problem.location ? ` at ${problem.location}` : ''}`);
  return { name, state: state as unknown as State, definition: definition as unknown as StateMachineDefinition };
}

function parsed(definition: string): JsonObject {
  const { value, problem } = parse(definition);
  if (isObject(value)) return value;
  throw invalid(problem ?? 'expected a JSON object');
}

function parse(text: string): { value?: Json; problem?: string } {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

const invalid = (problem: string) =>
  new ApiError('InvalidDefinition', `Invalid State Machine Definition: '${problem}'`);

function check({ name, state, mocked }: { name: string; state: JsonObject; mocked: boolean }) {
  if (!TESTABLE.includes(String(state.Type)))
    throw invalid(`a state of type ${state.Type} cannot be tested by itself; test the states in '${name}'`);
  if (mocked && state.Type !== 'Task')
    throw new ApiError('ValidationException', `mock: only a Task can be mocked, and '${name}' is a ${state.Type}`);
  if (!mocked && ENDED_BY_OTHERS.test(String(state.Resource)))
    throw new ApiError(
      'ValidationException',
      `the task '${name}' is ended by others (${state.Resource}): say by mock what it ends with`,
    );
}

/** A state that does nothing for each that the state may go to. */
function targetsOf(state: JsonObject): JsonObject {
  const found = [...JSON.stringify(state).matchAll(/"(?:Next|Default)":("(?:[^"\\]|\\.)*")/g)];
  return Object.fromEntries(found.map(([, name]) => [JSON.parse(name!) as string, { Type: 'Succeed' }]));
}
