import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { Input } from './service.ts';

/** What a member may be. Source: the shapes of the Step Functions API, 2016-11-23. */
interface Constraint {
  readonly required?: boolean;
  readonly type?: 'string' | 'number' | 'boolean' | 'object' | 'list';
  /** Characters of a text, or entries of a list. */
  readonly length?: readonly [number, number];
  readonly range?: readonly [number, number];
  readonly values?: readonly string[];
}

const text = (least: number, most: number): Constraint => ({ type: 'string', length: [least, most] });
const needed = (constraint: Constraint): Constraint => ({ ...constraint, required: true });

const ARN = text(1, 256);
const LONG_ARN = text(1, 2_000);
const NAME = needed(text(1, 80));
const MAX_RESULTS: Constraint = { type: 'number', range: [0, 1_000] };
const TOKEN = needed(text(1, 2_048));
const DEFINITION = text(1, 1_048_576);
const PAGE = { maxResults: MAX_RESULTS, nextToken: text(1, 3_096) };
const STATUSES = ['SUCCEEDED', 'TIMED_OUT', 'PENDING_REDRIVE', 'ABORTED', 'FAILED', 'RUNNING'];
const TYPE: Constraint = { type: 'string', values: ['STANDARD', 'EXPRESS'] };
const TAGS: Constraint = { type: 'list', length: [0, 200] };
const ROUTING: Constraint = { type: 'list', length: [1, 2] };
const ALIAS = { stateMachineAliasArn: needed(ARN) };
const MACHINE = { stateMachineArn: needed(ARN) };
const EXECUTION = { executionArn: needed(ARN) };

export const CONSTRAINTS: Readonly<Record<string, Readonly<Record<string, Constraint>>>> = {
  CreateActivity: { name: NAME, tags: TAGS },
  CreateStateMachine: {
    name: NAME,
    definition: needed(DEFINITION),
    roleArn: needed(ARN),
    type: TYPE,
    tags: TAGS,
    publish: { type: 'boolean' },
    versionDescription: text(0, 256),
  },
  CreateStateMachineAlias: { name: NAME, description: text(0, 256), routingConfiguration: needed(ROUTING) },
  DeleteActivity: { activityArn: needed(ARN) },
  DeleteStateMachine: MACHINE,
  DeleteStateMachineAlias: ALIAS,
  DeleteStateMachineVersion: { stateMachineVersionArn: needed(LONG_ARN) },
  DescribeActivity: { activityArn: needed(ARN) },
  DescribeExecution: EXECUTION,
  DescribeMapRun: { mapRunArn: needed(LONG_ARN) },
  DescribeStateMachine: MACHINE,
  DescribeStateMachineAlias: ALIAS,
  DescribeStateMachineForExecution: EXECUTION,
  GetActivityTask: { activityArn: needed(ARN), workerName: text(1, 80) },
  GetExecutionHistory: { ...EXECUTION, ...PAGE, reverseOrder: { type: 'boolean' } },
  ListActivities: PAGE,
  ListExecutions: {
    ...PAGE,
    stateMachineArn: ARN,
    mapRunArn: LONG_ARN,
    statusFilter: { type: 'string', values: STATUSES },
  },
  ListMapRuns: { ...EXECUTION, ...PAGE },
  ListStateMachineAliases: { ...MACHINE, ...PAGE },
  ListStateMachineVersions: { ...MACHINE, ...PAGE },
  ListStateMachines: PAGE,
  ListTagsForResource: { resourceArn: needed(ARN) },
  PublishStateMachineVersion: { ...MACHINE, description: text(0, 256) },
  RedriveExecution: EXECUTION,
  SendTaskFailure: { taskToken: TOKEN, error: text(0, 256), cause: text(0, 32_768) },
  SendTaskHeartbeat: { taskToken: TOKEN },
  SendTaskSuccess: { taskToken: TOKEN, output: needed(text(0, 262_144)) },
  StartExecution: { ...MACHINE, name: text(1, 80), input: text(0, 262_144) },
  StartSyncExecution: { ...MACHINE, name: text(1, 80), input: text(0, 262_144) },
  StopExecution: { ...EXECUTION, error: text(0, 256), cause: text(0, 32_768) },
  TagResource: { resourceArn: needed(ARN), tags: needed(TAGS) },
  TestState: {
    definition: needed(DEFINITION),
    input: text(0, 262_144),
    inspectionLevel: { type: 'string', values: ['INFO', 'DEBUG', 'TRACE'] },
  },
  UntagResource: { resourceArn: needed(ARN), tagKeys: needed({ type: 'list' }) },
  UpdateMapRun: {
    mapRunArn: needed(LONG_ARN),
    maxConcurrency: { type: 'number', range: [0, 10_000] },
    toleratedFailureCount: { type: 'number', range: [0, Number.MAX_SAFE_INTEGER] },
    toleratedFailurePercentage: { type: 'number', range: [0, 100] },
  },
  UpdateStateMachine: {
    ...MACHINE,
    definition: DEFINITION,
    roleArn: ARN,
    publish: { type: 'boolean' },
    versionDescription: text(0, 256),
  },
  UpdateStateMachineAlias: { ...ALIAS, description: text(0, 256), routingConfiguration: ROUTING },
  ValidateStateMachineDefinition: {
    definition: needed(DEFINITION),
    type: TYPE,
    severity: { type: 'string', values: ['ERROR', 'WARNING'] },
    maxResults: { type: 'number', range: [0, 100] },
  },
};

/** Checks the input's members by themselves. Throws ValidationException with all that is wrong. */
export function validate(operation: string, input: Input) {
  const constraints = Object.entries(CONSTRAINTS[operation] ?? {});
  for (const [member, { type }] of constraints) checkType({ member, value: input[member], type });
  const problems = constraints.flatMap(
    ([member, constraint]) => problemWith({ member, value: input[member], constraint }) ?? [],
  );
  if (problems.length === 0) return;
  const errors =
    problems.length === 1 ? '1 validation error detected' : `${problems.length} validation errors detected`;
  throw new ApiError('ValidationException', `${errors}: ${problems.join('; ')}`);
}

function checkType({ member, value, type }: { member: string; value: Json | undefined; type: Constraint['type'] }) {
  if (value === undefined || value === null || type === undefined) return;
  const actual = Array.isArray(value) ? 'list' : typeof value;
  if (actual !== type) throw new ApiError('SerializationException', `the member '${member}' is not a ${type}`);
}

function problemWith({
  member,
  value,
  constraint,
}: {
  member: string;
  value: Json | undefined;
  constraint: Constraint;
}) {
  const { required, length, range, values } = constraint;
  const at = (shown: string, must: string) =>
    `Value ${shown} at '${member}' failed to satisfy constraint: Member must ${must}`;
  if (value === undefined || value === null) return required ? at('null', 'not be null') : undefined;
  if (values && !values.includes(value as string))
    return at(`'${value}'`, `satisfy enum value set: [${values.join(', ')}]`);
  if (range && (value as number) > range[1]) return at(`'${value}'`, `have value less than or equal to ${range[1]}`);
  if (range && (value as number) < range[0]) return at(`'${value}'`, `have value greater than or equal to ${range[0]}`);
  if (!length) return undefined;
  const size = (value as string | Json[]).length;
  const shown = Array.isArray(value) ? shownList(value) : `'${value}'`;
  if (size > length[1]) return at(shown, `have length less than or equal to ${length[1]}`);
  return size < length[0] ? at(shown, `have length greater than or equal to ${length[0]}`) : undefined;
}

/** AWS shows the entries of a list as Java prints them; only lists of routes can be too long in practice. */
const shownList = (list: readonly Json[]) =>
  `'[${list
    .map((entry) => {
      const members = Object.entries(entry as object).map(([name, value]) => `${name}=${value}`);
      return `RoutingConfigurationListItem(${members.join(', ')})`;
    })
    .join(', ')}]'`;
