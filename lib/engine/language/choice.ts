import type { Json } from '../../json.ts';
import { COMPARISONS, matches, type Operator, TESTS } from './choice-operators.ts';
import type { ChoiceRule, ChoiceState } from './definition.ts';
import { findPath } from './json-path.ts';
import { renderJsonataNow, unexpectedType } from './jsonata.ts';
import type { Scope } from './scope.ts';
import { StateError } from './state-error.ts';

/** Where a Choice state leads, and the rule that holds; none for the default. */
export interface Chosen {
  readonly next: string;
  readonly rule?: ChoiceRule;
  /** The place of the rule. */
  readonly index?: number;
}

/** The first rule that holds, else the default. Undefined when there is neither. */
export const chooseNext = async (state: ChoiceState, scope: Scope): Promise<Chosen | undefined> =>
  chooseNextNow(state, scope);

/** The same without a promise. */
export function chooseNextNow(state: ChoiceState, scope: Scope): Chosen | undefined {
  let conditions = compiled.get(state);
  if (!conditions) {
    conditions = state.Choices.map(compileRule);
    compiled.set(state, conditions);
  }
  const index = conditions.findIndex((holds) => holds(scope));
  if (index >= 0) return { next: state.Choices[index]!.Next!, rule: state.Choices[index]!, index };
  return state.Default === undefined ? undefined : { next: state.Default };
}

type Condition = (scope: Scope) => boolean;

const compiled = new WeakMap<ChoiceState, readonly Condition[]>();

function compileRule(rule: ChoiceRule, index: number): Condition {
  const { Condition } = rule;
  return Condition === undefined ? compile(rule) : (scope) => isTrue(Condition, scope, `Choices[${index}]/Condition`);
}

function isTrue(condition: string | boolean, scope: Scope, field: string): boolean {
  const value = renderJsonataNow(condition, scope, field);
  if (typeof value === 'boolean') return value;
  throw unexpectedType(condition, field, { expected: 'boolean', value });
}

function compile(rule: ChoiceRule): Condition {
  if (rule.And) {
    const parts = rule.And.map(compile);
    return (scope) => parts.every((holds) => holds(scope));
  }
  if (rule.Or) {
    const parts = rule.Or.map(compile);
    return (scope) => parts.some((holds) => holds(scope));
  }
  if (rule.Not) {
    const holds = compile(rule.Not);
    return (scope) => !holds(scope);
  }
  return compileTest(rule.Variable!, operatorOf(rule)!);
}

/** The name of a rule's operator, and what the rule says beside it. */
export function operatorOf(rule: ChoiceRule): readonly [name: string, operand: Json] | undefined {
  return Object.entries(rule).find(([name]) => isOperator(name)) as [string, Json] | undefined;
}

export const isOperator = (name: string): boolean =>
  name === 'IsPresent' ||
  name === 'StringMatches' ||
  Object.hasOwn(TESTS, name) ||
  Object.hasOwn(COMPARISONS, baseOf(name));

const baseOf = (name: string) => (name.endsWith('Path') ? name.slice(0, -'Path'.length) : name);

function compileTest(variable: string, [name, operand]: readonly [string, Json]): Condition {
  if (name === 'IsPresent') return (scope) => (findPath(variable, scope) !== undefined) === operand;
  const test = TESTS[name];
  if (test) return (scope) => test(at(variable, scope)) === operand;
  if (name === 'StringMatches') {
    return (scope) => {
      const value = at(variable, scope);
      return typeof value === 'string' && matches(value, operand as string);
    };
  }
  const base = baseOf(name);
  const holds: Operator = COMPARISONS[base]!;
  return name === base
    ? (scope) => holds(at(variable, scope), operand)
    : (scope) => holds(at(variable, scope), at(operand as string, scope));
}

function at(path: string, scope: Scope): Json {
  const value = findPath(path, scope);
  if (value !== undefined) return value;
  throw new StateError(
    'States.Runtime',
    `Invalid path '${path}': The choice state's condition path references an invalid value.`,
  );
}
