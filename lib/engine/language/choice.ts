import type { Json } from '../../json.ts';
import type { ChoiceRule, ChoiceState } from './definition.ts';
import { evaluatePath, findPath, type Scope } from './json-path.ts';

type Compare = (value: Json, expected: Json) => boolean;

const numbers =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, expected) =>
    typeof value === 'number' && typeof expected === 'number' && compare(value, expected);
const strings =
  (compare: (a: string, b: string) => boolean): Compare =>
  (value, expected) =>
    typeof value === 'string' && typeof expected === 'string' && compare(value, expected);
const times = (compare: (a: number, b: number) => boolean): Compare =>
  strings(
    (a, b) => !Number.isNaN(Date.parse(a)) && !Number.isNaN(Date.parse(b)) && compare(Date.parse(a), Date.parse(b)),
  );

/** RFC 3339 with upper-case T and Z, as the States language asks. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** The operators by name; each has a twin whose name ends in `Path`, which takes what it compares with from a path. */
export const OPERATORS: Readonly<Record<string, Compare>> = {
  BooleanEquals: (value, expected) => typeof value === 'boolean' && value === expected,
  NumericEquals: numbers((a, b) => a === b),
  NumericGreaterThan: numbers((a, b) => a > b),
  NumericGreaterThanEquals: numbers((a, b) => a >= b),
  NumericLessThan: numbers((a, b) => a < b),
  NumericLessThanEquals: numbers((a, b) => a <= b),
  StringEquals: strings((a, b) => a === b),
  StringGreaterThan: strings((a, b) => a > b),
  StringGreaterThanEquals: strings((a, b) => a >= b),
  StringLessThan: strings((a, b) => a < b),
  StringLessThanEquals: strings((a, b) => a <= b),
  StringMatches: strings((value, pattern) => wildcard(pattern).test(value)),
  TimestampEquals: times((a, b) => a === b),
  TimestampGreaterThan: times((a, b) => a > b),
  TimestampGreaterThanEquals: times((a, b) => a >= b),
  TimestampLessThan: times((a, b) => a < b),
  TimestampLessThanEquals: times((a, b) => a <= b),
  IsBoolean: (value, expected) => (typeof value === 'boolean') === expected,
  IsNull: (value, expected) => (value === null) === expected,
  IsNumeric: (value, expected) => (typeof value === 'number') === expected,
  IsString: (value, expected) => (typeof value === 'string') === expected,
  IsTimestamp: (value, expected) => (typeof value === 'string' && TIMESTAMP.test(value)) === expected,
};

/** `*` stands for any characters, `\*` for itself. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.match(/\\[\s\S]|[\s\S]/g) ?? [];
  const source = parts.map((part) =>
    part === '*' ? '.*' : (part.length === 2 ? part[1]! : part).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`, 's');
}

/** The state that the first rule which holds leads to, the default else. Undefined when there is neither. */
export const chooseNext = ({ Choices, Default }: ChoiceState, scope: Scope): string | undefined =>
  Choices.find((rule) => holds(rule, scope))?.Next ?? Default;

function holds(rule: ChoiceRule, scope: Scope): boolean {
  if (rule.And) return rule.And.every((part) => holds(part, scope));
  if (rule.Or) return rule.Or.some((part) => holds(part, scope));
  if (rule.Not) return !holds(rule.Not, scope);
  if (typeof rule.IsPresent === 'boolean') return (findPath(rule.Variable!, scope) !== undefined) === rule.IsPresent;
  const [operator, expected] = operatorOf(rule);
  const value = evaluatePath(rule.Variable!, scope);
  return OPERATORS[operator]!(value, operator in rule ? expected : evaluatePath(expected as string, scope));
}

/** The operator without `Path`, and what the rule says beside it. */
export function operatorOf(rule: ChoiceRule): readonly [string, Json] {
  for (const [name, value] of Object.entries(rule)) {
    const operator = name.endsWith('Path') ? name.slice(0, -4) : name;
    if (operator in OPERATORS) return [operator, value as Json];
  }
  return ['', null];
}
