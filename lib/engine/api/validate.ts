import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { Input } from './service.ts';

/** What a member may be. Source: the shapes of the Step Functions API, 2016-11-23. */
interface Constraint {
  readonly required?: boolean;
  readonly type: 'string' | 'number' | 'boolean' | 'object' | 'list';
  /** Characters of a text, or entries of a list. */
  readonly length?: readonly [number, number];
  readonly range?: readonly [number, number];
  readonly values?: readonly string[];
  /** What each entry of a list may be. */
  readonly entry?: Constraint;
  /** What the members of a structure may be. */
  readonly members?: Members;
}

type Members = Readonly<Record<string, Constraint>>;

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
const flag: Constraint = { type: 'boolean' };
const structure = (members: Members): Constraint => ({ type: 'object', members });
const listOf = (entry: Constraint, length: readonly [number, number]): Constraint => ({ type: 'list', length, entry });

const TAGS = listOf(structure({ key: needed(text(1, 128)), value: text(0, 256) }), [0, 200]);
const ROUTE = structure({ stateMachineVersionArn: needed(ARN), weight: needed({ type: 'number', range: [0, 100] }) });
const ROUTING = listOf(ROUTE, [1, 2]);
const CONFIGURATIONS: Members = {
  loggingConfiguration: structure({
    level: { type: 'string', values: ['ALL', 'ERROR', 'FATAL', 'OFF'] },
    includeExecutionData: flag,
    destinations: listOf(structure({ cloudWatchLogsLogGroup: structure({ logGroupArn: text(1, 256) }) }), [0, 100]),
  }),
  tracingConfiguration: structure({ enabled: flag }),
  encryptionConfiguration: structure({
    type: needed({ type: 'string', values: ['AWS_OWNED_KEY', 'CUSTOMER_MANAGED_KMS_KEY'] }),
    kmsKeyId: text(1, 2_048),
    kmsDataKeyReusePeriodSeconds: { type: 'number', range: [60, 900] },
  }),
};
const ALIAS = { stateMachineAliasArn: needed(ARN) };
const MACHINE = { stateMachineArn: needed(ARN) };
const EXECUTION = { executionArn: needed(ARN) };

export const CONSTRAINTS: Readonly<Record<string, Members>> = {
  CreateActivity: { name: NAME, tags: TAGS },
  CreateStateMachine: {
    name: NAME,
    definition: needed(DEFINITION),
    roleArn: needed(ARN),
    type: TYPE,
    tags: TAGS,
    publish: flag,
    versionDescription: text(0, 256),
    ...CONFIGURATIONS,
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
  GetExecutionHistory: { ...EXECUTION, ...PAGE, reverseOrder: flag, includeExecutionData: flag },
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
    revealSecrets: flag,
    stateName: text(1, 80),
    variables: text(0, 262_144),
    context: text(0, 262_144),
    mock: structure({
      result: text(0, 262_144),
      errorOutput: structure({ error: text(0, 256), cause: text(0, 32_768) }),
      fieldValidationMode: { type: 'string', values: ['STRICT', 'PRESENT', 'NONE'] },
    }),
    stateConfiguration: structure({ retrierRetryCount: { type: 'number', range: [0, 99_999_999] } }),
  },
  UntagResource: { resourceArn: needed(ARN), tagKeys: needed(listOf(text(1, 128), [0, 200])) },
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
    publish: flag,
    versionDescription: text(0, 256),
    ...CONFIGURATIONS,
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
  const members = CONSTRAINTS[operation] ?? {};
  const problems = problemsOf(members, input, '');
  if (problems.length === 0) return;
  const errors =
    problems.length === 1 ? '1 validation error detected' : `${problems.length} validation errors detected`;
  throw new ApiError('ValidationException', `${errors}: ${problems.join('; ')}`);
}

interface Place {
  /** As AWS names it: `routingConfiguration.1.member.weight`. */
  readonly at: string;
  readonly value: Json | undefined;
  readonly constraint: Constraint;
}

/** The entries of a list, the members of a structure. */
function within({ at, value, constraint: { entry, members = {} } }: Place): Place[] {
  if (entry)
    return (value as Json[]).map((one, index) => ({ at: `${at}.${index + 1}.member`, value: one, constraint: entry }));
  return Object.entries(members).map(([name, constraint]) => ({
    at: `${at}.${name}`,
    value: (value as Input)[name],
    constraint,
  }));
}

const problemsOf = (members: Members, input: Input, prefix: string): string[] =>
  Object.entries(members).flatMap(([name, constraint]) =>
    problemsAt({ at: `${prefix}${name}`, value: input[name], constraint }),
  );

/** Throws SerializationException where a value is of another JSON type than its member. */
function problemsAt(place: Place): string[] {
  const { at, value, constraint } = place;
  if (value === undefined || value === null) return constraint.required || at.endsWith('.member') ? [absent(at)] : [];
  if ((Array.isArray(value) ? 'list' : typeof value) !== constraint.type)
    throw new ApiError('SerializationException', `the member '${at}' is not a ${constraint.type}`);
  const problem = problemWith({ at, value, constraint });
  return problem === undefined ? within(place).flatMap(problemsAt) : [problem];
}

const refusal = (at: string, shown: string, must: string) =>
  `Value ${shown} at '${at}' failed to satisfy constraint: Member must ${must}`;

const absent = (at: string) => refusal(at, 'null', 'not be null');

function problemWith({ at, value, constraint: { length, range, values } }: Place): string | undefined {
  if (values && !values.includes(value as string))
    return refusal(at, `'${value}'`, `satisfy enum value set: [${values.join(', ')}]`);
  const [least, most] = range ?? length ?? [];
  if (least === undefined || most === undefined) return undefined;
  const size = range ? (value as number) : (value as string | Json[]).length;
  const measure = range ? 'value' : 'length';
  const shown = () => (Array.isArray(value) ? shownList(value) : `'${value}'`);
  if (size > most) return refusal(at, shown(), `have ${measure} less than or equal to ${most}`);
  return size < least ? refusal(at, shown(), `have ${measure} greater than or equal to ${least}`) : undefined;
}

/** AWS shows the entries of a list as Java prints them; only lists of routes can be too long in practice. */
const shownList = (list: readonly Json[]) =>
  `'[${list
    .map((entry) => {
      const members = Object.entries(entry ?? {}).map(([name, value]) => `${name}=${value}`);
      return `RoutingConfigurationListItem(${members.join(', ')})`;
    })
    .join(', ')}]'`;
