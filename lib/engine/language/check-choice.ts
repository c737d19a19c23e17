import type { Json } from '../../json.ts';
import { checkAssign } from './check-assign.ts';
import { checkTemplate } from './check-expression.ts';
import { checkFields, type Field, type Fields } from './check-fields.ts';
import { type Check, flag, listOf, number, orExpression, path, text, timestamp } from './check-value.ts';
import { COMPARISONS, TESTS } from './choice-operators.ts';
import { type Place, report } from './diagnostic.ts';

/** What an operator's name begins with tells what it compares with. */
const OPERANDS: Readonly<Record<string, Check>> = {
  Boolean: flag,
  Numeric: number,
  String: text,
  Timestamp: timestamp,
};

const operandOf = (name: string) => OPERANDS[/^(?:Boolean|Numeric|String|Timestamp)/.exec(name)![0]]!;

const OPERATORS: Fields = {
  ...named(Object.keys(COMPARISONS), operandOf),
  ...named(
    Object.keys(COMPARISONS).map((name) => `${name}Path`),
    () => path,
  ),
  ...named(Object.keys(TESTS), () => flag),
  IsPresent: { check: flag, language: 'JSONPath' },
  StringMatches: { check: text, language: 'JSONPath' },
};

function named(names: readonly string[], check: (name: string) => Check): Record<string, Field> {
  return Object.fromEntries(names.map((name) => [name, { check: check(name), language: 'JSONPath' }]));
}

const COMPARING: readonly string[] = Object.keys(OPERATORS);
const COMBINING = ['And', 'Or', 'Not'];

const PART: Fields = {
  ...OPERATORS,
  Variable: { check: path, language: 'JSONPath' },
  And: { check: listOf(checkPart, 1), language: 'JSONPath' },
  Or: { check: listOf(checkPart, 1), language: 'JSONPath' },
  Not: { check: checkPart, language: 'JSONPath' },
  Comment: { check: text },
};

const RULE: Fields = {
  ...PART,
  Next: { check: text, required: true },
  Condition: { check: orExpression(flag), language: 'JSONata' },
  Assign: { check: checkAssign },
  Output: { check: checkTemplate, language: 'JSONata' },
};

/** Checks the rules of a Choice state. */
export const checkChoices: Check = listOf((rule, place) => {
  if (!checkFields(rule, RULE, place)) return;
  if (place.language === 'JSONPath') checkShape(rule, place);
  else if (!Object.hasOwn(rule, 'Condition')) report(place, 'These fields are required: [Condition]');
}, 1);

function checkPart(part: Json, place: Place) {
  if (checkFields(part, PART, place)) checkShape(part, place);
}

/** A rule either combines others, or compares a variable with one operator. */
function checkShape(rule: object, place: Place) {
  const given = Object.keys(rule);
  const combining = given.filter((name) => COMBINING.includes(name));
  const comparing = given.filter((name) => COMPARING.includes(name));
  const hasVariable = given.includes('Variable');
  if (combining.length + comparing.length !== 1) {
    report(place, `A Choice Rule has exactly one operator, but there are ${combining.length + comparing.length}`);
  } else if (comparing.length > 0 && !hasVariable) report(place, 'These fields are required: [Variable]');
  else if (combining.length > 0 && hasVariable) report(place, "Field 'Variable' is not supported");
}
