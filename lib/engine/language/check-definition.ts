import type { Json } from '../../json.ts';
import { LAMBDA_INVOKE, TASK_TOKEN } from '../states/task.ts';
import { operatorOf } from './choice.ts';
import type { ChoiceRule, State, StateMachineDefinition } from './definition.ts';
import { INTRINSICS, isIntrinsic } from './intrinsics.ts';
import { parsePath } from './json-path.ts';

const TYPES = ['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail', 'Parallel', 'Map'];
/** States that lead nowhere by themselves. */
const WITHOUT_NEXT = ['Choice', 'Succeed', 'Fail'];
/** What this version of the engine does not run; such a definition is refused when it is created, not when it runs. */
const UNSUPPORTED = [
  'QueryLanguage',
  'Assign',
  'Arguments',
  'Output',
  'Items',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'Iterator',
  'Credentials',
  'MaxConcurrencyPath',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
];

/** What is wrong with a definition, each named by state and field; none when the engine can run it. */
export function checkDefinition(text: string): string[] {
  let definition: StateMachineDefinition;
  try {
    definition = JSON.parse(text) as StateMachineDefinition;
  } catch (error) {
    return [`the definition is not JSON: ${(error as Error).message}`];
  }
  return checkMachine(definition, '');
}

function checkMachine(machine: StateMachineDefinition, at: string): string[] {
  if (typeof machine !== 'object' || machine === null || typeof machine.States !== 'object' || machine.States === null)
    return [`${at}/States: required, an object of states`];
  const names = Object.keys(machine.States);
  const problems = unsupported(machine, at);
  if (!names.includes(machine.StartAt))
    problems.push(`${at}/StartAt: there is no state ${JSON.stringify(machine.StartAt)}`);
  const reached = new Set([machine.StartAt, ...Object.values(machine.States).flatMap(targetsOf)]);
  for (const name of names) {
    if (!reached.has(name)) problems.push(`${at}/States/${name}: no state leads here`);
    problems.push(...checkState(machine.States[name]!, { names, at: `${at}/States/${name}` }));
  }
  return problems;
}

const unsupported = (value: object, at: string) =>
  UNSUPPORTED.filter((field) => field in value).map((field) => `${at}/${field}: not supported by this engine yet`);

function targetsOf(state: State): string[] {
  const catchers = 'Catch' in state ? (state.Catch ?? []) : [];
  const choices = state.Type === 'Choice' ? [...(state.Choices ?? []).map(({ Next }) => Next), state.Default] : [];
  return ['Next' in state ? state.Next : undefined, ...catchers.map(({ Next }) => Next), ...choices].filter(
    (name) => name !== undefined,
  );
}

function checkState(state: State, { names, at }: { names: readonly string[]; at: string }): string[] {
  if (!TYPES.includes(state.Type))
    return [`${at}/Type: ${JSON.stringify(state.Type)} is not one of ${TYPES.join(', ')}`];
  const problems = unsupported(state, at);
  for (const target of targetsOf(state))
    if (!names.includes(target)) problems.push(`${at}: there is no state ${JSON.stringify(target)} to go to`);
  const { Next, End } = state as { Next?: string; End?: boolean };
  if (!WITHOUT_NEXT.includes(state.Type) && (Next === undefined) === (End !== true))
    problems.push(`${at}: give either Next or End`);
  problems.push(...checkPaths(state as unknown as Record<string, Json>, at), ...checkByType(state, at));
  return problems;
}

function checkByType(state: State, at: string): string[] {
  switch (state.Type) {
    case 'Task':
      return checkResource(state.Resource, at);
    case 'Choice':
      if (!Array.isArray(state.Choices) || state.Choices.length === 0)
        return [`${at}/Choices: required, a list of rules`];
      return state.Choices.flatMap((rule, index) => checkRule(rule, `${at}/Choices[${index}]`));
    case 'Wait': {
      const given = ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'].filter((field) => field in state);
      return given.length === 1 ? [] : [`${at}: give one of Seconds, SecondsPath, Timestamp, TimestampPath`];
    }
    case 'Parallel':
      return (state.Branches ?? []).flatMap((branch, index) => checkMachine(branch, `${at}/Branches[${index}]`));
    case 'Map':
      if (!state.ItemProcessor) return [`${at}/ItemProcessor: required`];
      if (state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED')
        return [`${at}/ItemProcessor/ProcessorConfig/Mode: DISTRIBUTED is not supported by this engine yet`];
      return checkMachine(state.ItemProcessor, `${at}/ItemProcessor`);
    default:
      return [];
  }
}

function checkResource(resource: unknown, at: string): string[] {
  if (typeof resource !== 'string') return [`${at}/Resource: required, an ARN`];
  if (/^arn:aws[\w-]*:lambda:[^:]*:[^:]*:function:.+/.test(resource)) return [];
  if (resource === LAMBDA_INVOKE || resource === LAMBDA_INVOKE + TASK_TOKEN) return [];
  return [
    `${at}/Resource: ${resource} is not supported by this engine; it runs Lambda functions by their ARN, ${LAMBDA_INVOKE} and ${LAMBDA_INVOKE}${TASK_TOKEN}`,
  ];
}

function checkRule(rule: ChoiceRule, at: string): string[] {
  const parts = [...(rule.And ?? []), ...(rule.Or ?? []), ...(rule.Not ? [rule.Not] : [])];
  if (parts.length > 0) return parts.flatMap((part) => checkRule(part, at));
  if (typeof rule.Variable !== 'string') return [`${at}/Variable: required`];
  const known = typeof rule.IsPresent === 'boolean' || operatorOf(rule)[0] !== '';
  return [...pathProblem(rule.Variable, `${at}/Variable`), ...(known ? [] : [`${at}: no operator that there is`])];
}

/** Paths in fields whose names say so, and in payload templates. */
function checkPaths(state: Readonly<Record<string, Json>>, at: string): string[] {
  return Object.entries(state).flatMap(([field, value]) => {
    if (typeof value === 'string' && field.endsWith('Path')) return expressionProblem(value, `${at}/${field}`);
    return ['Parameters', 'ResultSelector', 'ItemSelector'].includes(field)
      ? templateProblems(value, `${at}/${field}`)
      : [];
  });
}

function templateProblems(template: Json, at: string): string[] {
  if (template === null || typeof template !== 'object') return [];
  return Object.entries(template).flatMap(([name, value]) => {
    if (!name.endsWith('.$')) return templateProblems(value, `${at}/${name}`);
    return typeof value === 'string'
      ? expressionProblem(value, `${at}/${name}`)
      : [`${at}/${name}: a path or an intrinsic function, as text`];
  });
}

function expressionProblem(text: string, at: string): string[] {
  if (!isIntrinsic(text)) return pathProblem(text, at);
  const name = /^States\.\w+/.exec(text)![0];
  return name in INTRINSICS ? [] : [`${at}: there is no intrinsic function ${name}`];
}

function pathProblem(text: string, at: string): string[] {
  try {
    parsePath(text);
    return [];
  } catch (error) {
    return [`${at}: ${(error as Error).message}`];
  }
}
