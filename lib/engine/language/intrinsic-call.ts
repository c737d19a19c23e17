import type { Json } from '../../json.ts';
import { type Argument, type Call, parseIntrinsic } from './intrinsic-parser.ts';
import { INTRINSICS, IntrinsicProblem } from './intrinsics.ts';
import { documentOf } from './json-path.ts';
import { weightOf } from './json-value.ts';
import { lookUp } from './path-evaluator.ts';
import type { Scope } from './scope.ts';
import { StateError } from './state-error.ts';

/** The value of `States.Name(argument, …)`. Throws States.IntrinsicFailure, or States.Runtime where an argument's path leads nowhere. */
export const callIntrinsic = (text: string, scope: Scope): Json => invoke(parseIntrinsic(text), { text, scope });

interface Invocation {
  /** The whole of it, which messages name. */
  readonly text: string;
  readonly scope: Scope;
}

function invoke(call: Call, invocation: Invocation): Json {
  const { run, least, most = least, takesTemplate } = INTRINSICS[call.name]!;
  const count = call.arguments.length;
  const values = call.arguments.map((argument, at) => evaluate(argument, invocation, takesTemplate && at === 0));
  try {
    if (count < least || count > most)
      throw new IntrinsicProblem(
        `Invalid number of arguments: expected ${expected(least, most)} but received ${count}`,
      );
    checkWeight(values);
    const result = run(values, invocation.scope);
    checkWeight([result]);
    return result;
  } catch (error) {
    // Texts and lists can grow beyond what there is room for.
    if (!(error instanceof IntrinsicProblem || error instanceof RangeError)) throw error;
    throw failure('States.IntrinsicFailure', invocation, error.message);
  }
}

/** Characters that the arguments of a call, or its result, may have. A payload has 262,144 bytes; nested calls multiply what they are given. */
const MOST_CHARACTERS = 4_000_000;

function checkWeight(values: readonly Json[]) {
  let left = MOST_CHARACTERS;
  for (const value of values) {
    left -= weightOf(value, left);
    if (left < 0) throw new IntrinsicProblem(`Values have at most ${MOST_CHARACTERS} characters`);
  }
}

const expected = (least: number, most: number) =>
  most === Number.POSITIVE_INFINITY ? `at least ${least}` : least === most ? `${least}` : `${least} to ${most}`;

function evaluate(argument: Argument, invocation: Invocation, asTemplate = false): Json {
  if (argument.kind === 'call') return invoke(argument, invocation);
  if (argument.kind === 'literal') return asTemplate ? (argument.raw ?? argument.value) : argument.value;
  const value = lookUp(argument.path, invocation);
  if (value !== undefined) return value;
  const { text } = argument.path;
  throw failure(
    'States.Runtime',
    invocation,
    `The JsonPath argument for the field '${text}' could not be found in the input '${documentOf(text, invocation.scope)}'`,
  );
}

const failure = (error: string, { text }: Invocation, problem: string) =>
  new StateError(error, `The function '${text}' had the following error: ${problem}`);
