import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { ExecutionType } from '../execution.ts';
import { checkDefinition } from '../language/check-definition.ts';
import type { StateMachineRow, VersionRow } from '../store.ts';
import { checkLogging } from './logging.ts';
import {
  after,
  checkArn,
  checkName,
  compact,
  type EngineOperation,
  type EngineService,
  type Input,
  paged,
  seconds,
  textOf,
} from './service.ts';
import { tagsOf } from './tags.ts';
import { variableReferences } from './variable-references.ts';
import { publishVersion } from './versions.ts';

/** Creates a state machine; the same again answers the one there is. */
export const createStateMachine: EngineOperation = (input, service) => {
  const { store, clock, world } = service;
  const name = input.name as string;
  checkName(name);
  const type = (textOf(input, 'type') ?? 'STANDARD') as ExecutionType;
  const definition = checked(input.definition as string, type);
  checkLogging(input.loggingConfiguration);
  if (input.versionDescription !== undefined && input.publish !== true)
    throw new ApiError('ValidationException', 'Version description can only be set when publish is true');
  const stateMachineArn = `arn:aws:states:${world.region}:${world.account}:stateMachine:${name}`;
  const tags = tagsOf(input.tags);
  const asked = { definition, type, roleArn: input.roleArn as string, ...configurations(input) };
  const known = store.get('stateMachine', stateMachineArn);
  if (known) {
    const same =
      sameMachine(known, asked) && JSON.stringify(store.get('tags', stateMachineArn) ?? {}) === JSON.stringify(tags);
    if (!same) throw new ApiError('StateMachineAlreadyExists', `State Machine Already Exists: '${stateMachineArn}'`);
    return compact({ stateMachineArn, creationDate: seconds(known.createdAt) });
  }
  const now = clock.now();
  const row = {
    ...asked,
    stateMachineArn,
    name,
    revisionId: world.newId(),
    createdAt: now,
    updatedAt: now,
    versions: 0,
  };
  store.put('stateMachine', stateMachineArn, row);
  if (Object.keys(tags).length > 0) store.put('tags', stateMachineArn, tags);
  const version =
    input.publish === true ? publishVersion(row, textOf(input, 'versionDescription'), service) : undefined;
  return compact({ stateMachineArn, creationDate: seconds(now), stateMachineVersionArn: version?.versionArn });
};

const configurations = (input: Input) =>
  compact({
    loggingConfiguration: input.loggingConfiguration,
    tracingConfiguration: input.tracingConfiguration,
    encryptionConfiguration: input.encryptionConfiguration,
  });

/** Whether creating it again asks for what there is: by AWS's word, name, definition, type, logging and tracing count. */
const sameMachine = (known: StateMachineRow, asked: Partial<StateMachineRow>) =>
  known.definition === asked.definition &&
  known.type === asked.type &&
  known.roleArn === asked.roleArn &&
  JSON.stringify(known.loggingConfiguration) === JSON.stringify(asked.loggingConfiguration) &&
  JSON.stringify(known.tracingConfiguration) === JSON.stringify(asked.tracingConfiguration);

export const updateStateMachine: EngineOperation = (input, service) => {
  const { store, clock, world } = service;
  const row = findStateMachine(input.stateMachineArn as string, service);
  if (
    !['definition', 'roleArn', 'loggingConfiguration', 'tracingConfiguration', 'encryptionConfiguration'].some(
      (member) => input[member] !== undefined,
    )
  )
    throw new ApiError(
      'MissingRequiredParameter',
      'Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified',
    );
  const definition = textOf(input, 'definition');
  if (definition !== undefined) checked(definition, row.type);
  checkLogging(input.loggingConfiguration);
  const changes = compact({ definition, roleArn: input.roleArn, ...configurations(input) });
  const changed = Object.entries(changes).some(
    ([name, value]) => JSON.stringify(row[name as keyof StateMachineRow]) !== JSON.stringify(value),
  );
  const now = clock.now();
  const updated = { ...row, ...changes, updatedAt: now, ...(changed ? { revisionId: world.newId() } : {}) };
  store.put('stateMachine', row.stateMachineArn, updated);
  const version =
    input.publish === true ? publishVersion(updated, textOf(input, 'versionDescription'), service) : undefined;
  return compact({
    updateDate: seconds(now),
    revisionId: updated.revisionId,
    stateMachineVersionArn: version?.versionArn,
  });
};

export const describeStateMachine: EngineOperation = (input, service) => {
  const { row, version } = findRevision(input.stateMachineArn as string, service);
  return described(row, version);
};

/** A state machine as DescribeStateMachine shows it. */
export const described = (row: StateMachineRow, version?: VersionRow): { [key: string]: Json } =>
  compact({
    stateMachineArn: version?.versionArn ?? row.stateMachineArn,
    name: row.name,
    status: 'ACTIVE',
    definition: row.definition,
    roleArn: row.roleArn,
    type: row.type,
    creationDate: seconds(version?.createdAt ?? row.createdAt),
    loggingConfiguration: { level: 'OFF', includeExecutionData: false, ...(row.loggingConfiguration as object) },
    tracingConfiguration: row.tracingConfiguration ?? { enabled: false },
    encryptionConfiguration: row.encryptionConfiguration ?? { type: 'AWS_OWNED_KEY' },
    revisionId: version?.revisionId ?? row.revisionId,
    description: version?.description,
    variableReferences: references(row.definition),
  });

function references(definition: string): Record<string, string[]> | undefined {
  const found = variableReferences(definition);
  return Object.keys(found).length > 0 ? found : undefined;
}

/** Deletes a state machine with its versions and aliases. What it runs goes on to its end. */
export const deleteStateMachine: EngineOperation = (input, { store }) => {
  const arn = input.stateMachineArn as string;
  checkArn(arn, 'stateMachine');
  for (const { versionArn } of store.list('version', `${arn}:`)) store.remove('version', versionArn);
  for (const { aliasArn } of store.list('alias', `${arn}:`)) store.remove('alias', aliasArn);
  for (const kind of ['stateMachine', 'tags'] as const) store.remove(kind, arn);
  return {};
};

export const listStateMachines: EngineOperation = (input, { store }) => {
  const key = (row: StateMachineRow) => row.stateMachineArn;
  const { entries: stateMachines, ...rest } = paged(input, {
    rows: (limit, place) => after(store.list('stateMachine'), { limit, place, key }),
    entry: ({ stateMachineArn, name, type, createdAt }) => ({
      stateMachineArn,
      name,
      type,
      creationDate: seconds(createdAt),
    }),
    place: key,
  });
  return { stateMachines, ...rest };
};

const missing = (arn: string) => new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);

export function findStateMachine(arn: string, { store }: Pick<EngineService, 'store'>): StateMachineRow {
  checkArn(arn, 'stateMachine');
  const row = store.get('stateMachine', arn);
  if (!row) throw missing(arn);
  return row;
}

/** What an ARN names: a state machine as it is now, a version of it, or the version that an alias routes to. */
export function findRevision(
  arn: string,
  { store, world }: Pick<EngineService, 'store' | 'world'>,
): { row: StateMachineRow; version?: VersionRow; aliasArn?: string } {
  checkArn(arn, 'stateMachine');
  const row = store.get('stateMachine', arn);
  if (row) return { row };
  const alias = store.get('alias', arn);
  const version = store.get('version', alias ? routed(alias.routingConfiguration, world.random()) : arn);
  if (!version) throw missing(arn);
  return { row: version.machine, version, ...(alias ? { aliasArn: arn } : {}) };
}

function routed(routes: readonly { stateMachineVersionArn: string; weight: number }[], chance: number): string {
  const [first, second] = routes;
  return chance * 100 < first!.weight || !second ? first!.stateMachineVersionArn : second.stateMachineVersionArn;
}

function checked(definition: string, type: ExecutionType): string {
  const problem = checkDefinition(definition, { type }).find(({ severity }) => severity === 'ERROR');
  if (!problem) return definition;
  const { code, message, location } = problem;
  throw new ApiError(
    'InvalidDefinition',
    `Invalid State Machine Definition: '${code}: ${message}${location ? ` at ${location}` : ''}'`,
  );
}
