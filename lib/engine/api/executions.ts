import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { parsedPayload } from '../data-limit.ts';
import type { ExecutionRow, ExecutionStatus, Parent } from '../execution.ts';
import { exceeds } from '../limits.ts';
import type { StateMachineRow, VersionRow } from '../store.ts';
import {
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
import { described, findRevision } from './state-machines.ts';

export const startExecution: EngineOperation = async (input, service) => {
  const { executionArn, startedAt } = await start(input, service);
  return { executionArn, startDate: seconds(startedAt) };
};

/** What a task that starts an execution says of itself. */
export interface StartLink {
  readonly startedBy: string;
  readonly parent?: Parent;
}

/** The same name with the same input answers the running execution; with another input, or once it has ended, it is refused. */
export async function start(input: Input, service: EngineService, link?: StartLink): Promise<ExecutionRow> {
  const found = findRevision(input.stateMachineArn as string, service);
  const row = newRow(input, { ...found, link }, service);
  const { executionArn } = row;
  const known = service.runtime.get(executionArn)?.row ?? service.store.execution(executionArn);
  if (known) await service.runtime.settled();
  if (known && link && known.startedBy === link.startedBy) return known;
  if (known && (known.status !== 'RUNNING' || known.input !== row.input))
    throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
  if (known) return known;
  const execution = service.runtime.create(row);
  await service.runtime.begin(execution);
  return execution.row;
}

interface Starting {
  readonly row: StateMachineRow;
  readonly version?: VersionRow;
  readonly aliasArn?: string;
  readonly link?: StartLink | undefined;
}

/** The row of an execution that is about to begin. */
export function newRow(
  input: Input,
  { row: machine, version, aliasArn, link }: Starting,
  { runtime, clock, world }: EngineService,
): ExecutionRow {
  const { stateMachineArn, roleArn, type } = machine;
  const name = textOf(input, 'name') ?? world.newId();
  checkName(name);
  const text = checkedInput(textOf(input, 'input') ?? '{}', world.limits.payloadBytes);
  const digest = runtime.definitions.put(machine.definition);
  const startedAt = clock.now();
  const most = type === 'EXPRESS' ? world.limits.expressSeconds : world.limits.standardSeconds;
  const own = runtime.definitions.get(digest).TimeoutSeconds ?? most;
  return {
    executionArn: executionArnOf({ stateMachineArn, type, name }, world.newId),
    stateMachineArn,
    name,
    type,
    definition: digest,
    path: [],
    input: text,
    roleArn,
    startedAt,
    deadline: startedAt + Math.min(own, most) * 1_000,
    ...(version ? { versionArn: version.versionArn } : {}),
    ...(aliasArn ? { aliasArn } : {}),
    ...(typeof input.traceHeader === 'string' ? { traceHeader: input.traceHeader } : {}),
    ...link,
    status: 'RUNNING',
    events: 0,
    threads: 0,
    redrives: 0,
  };
}

function executionArnOf(
  { stateMachineArn, type, name }: { stateMachineArn: string; type: string; name: string },
  newId: () => string,
) {
  if (type === 'STANDARD') return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  return `${stateMachineArn.replace(':stateMachine:', ':express:')}:${name}:${newId()}`;
}

export function checkedInput(text: string, limit: number): string {
  if (exceeds(text, limit))
    throw new ApiError('InvalidExecutionInput', `Invalid Execution Input: it has more than ${limit} bytes`);
  try {
    parsedPayload(text);
    return text;
  } catch (error) {
    throw new ApiError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${(error as Error).message}'`);
  }
}

/** Runs an Express execution and answers with its end. */
export const startSyncExecution: EngineOperation = async (input, service) => {
  const found = findRevision(input.stateMachineArn as string, service);
  if (found.row.type !== 'EXPRESS')
    throw new ApiError('StateMachineTypeNotSupported', 'This operation is not supported by this type of state machine');
  const row = await service.runtime.run(newRow(input, found, service));
  const milliseconds = Math.max(100, Math.ceil((row.stoppedAt! - row.startedAt) / 100) * 100);
  const { redriveCount: _, redriveStatus: __, redriveStatusReason: ___, ...answer } = describedExecution(row, service);
  return {
    ...answer,
    outputDetails: { included: true },
    billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: milliseconds },
  };
};

/** Stops a running execution; one that has ended stays as it ended. */
export const stopExecution: EngineOperation = async (input, service) => {
  const { executionArn } = findExecution(input.executionArn as string, service);
  await service.runtime.end(executionArn, 'ABORTED', { error: textOf(input, 'error'), cause: textOf(input, 'cause') });
  return { stopDate: seconds(findExecution(executionArn, service).stoppedAt!) };
};

export const describeExecution: EngineOperation = (input, service) =>
  describedExecution(findExecution(input.executionArn as string, service), service);

function describedExecution(row: ExecutionRow, service: EngineService): { [key: string]: Json } {
  return compact({
    ...summary(row),
    input: row.input,
    inputDetails: { included: true },
    ...(row.output === undefined ? {} : { output: row.output, outputDetails: { included: true } }),
    error: row.error,
    cause: row.cause,
    traceHeader: row.traceHeader,
    mapRunArn: row.mapRunArn,
    ...redriveOf(row, service),
  });
}

/** Whether an execution can be redriven, in AWS's words. */
export function redriveOf({ status, type, stoppedAt, mapRunArn }: ExecutionRow, { clock, world }: EngineService) {
  if (type === 'EXPRESS') return {};
  if (mapRunArn !== undefined) return { redriveStatus: 'REDRIVABLE_BY_MAP_RUN' };
  const not = (redriveStatusReason: string) => ({ redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason });
  if (status === 'RUNNING') return not('Execution is RUNNING and cannot be redriven');
  if (status === 'SUCCEEDED') return not('Execution is SUCCEEDED and cannot be redriven');
  if (clock.now() - stoppedAt! > world.limits.redriveDays * 86_400_000)
    return not('Execution is past the redrivable period');
  return { redriveStatus: 'REDRIVABLE' };
}

export const describeStateMachineForExecution: EngineOperation = (input, service) => {
  const execution = findExecution(input.executionArn as string, service);
  const row = service.store.get('stateMachine', execution.stateMachineArn.split('/')[0]!);
  if (!row) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${execution.executionArn}'`);
  const {
    status: _,
    type: __,
    creationDate: ___,
    ...shown
  } = described({
    ...row,
    definition: service.store.definition(execution.definition),
  });
  return compact({ ...shown, updateDate: seconds(row.updatedAt), mapRunArn: execution.mapRunArn });
};

export const listExecutions: EngineOperation = (input, service) => {
  const status = textOf(input, 'statusFilter') as ExecutionStatus | undefined;
  const of = listedOf(input, service);
  const { entries: executions, ...rest } = paged<ExecutionRow>(input, {
    rows: (limit, place) =>
      service.store.executions({
        ...of,
        limit,
        ...(status ? { status } : {}),
        ...(place === undefined ? {} : { after: place as never }),
      }),
    entry: summary,
    place: ({ startedAt, executionArn }) => ({ startedAt, executionArn }),
  });
  return { executions, ...rest };
};

function listedOf(input: Input, service: EngineService) {
  const mapRunArn = textOf(input, 'mapRunArn');
  if (mapRunArn !== undefined) return { mapRunArn };
  const arn = textOf(input, 'stateMachineArn');
  if (arn === undefined) throw new ApiError('ValidationException', 'Must provide a state machine ARN or a map run ARN');
  const { row, version, aliasArn } = findRevision(arn, service);
  const { type } = row;
  if (type === 'EXPRESS')
    throw new ApiError('StateMachineTypeNotSupported', 'This operation is not supported by this type of state machine');
  return {
    stateMachineArn: row.stateMachineArn,
    ...(aliasArn ? { aliasArn } : version ? { versionArn: version.versionArn } : {}),
  };
}

const summary = (row: ExecutionRow): { [key: string]: Json } =>
  compact({
    executionArn: row.executionArn,
    stateMachineArn: row.stateMachineArn,
    stateMachineVersionArn: row.versionArn,
    stateMachineAliasArn: row.aliasArn,
    name: row.name,
    status: row.status,
    startDate: seconds(row.startedAt),
    stopDate: row.stoppedAt === undefined ? undefined : seconds(row.stoppedAt),
    redriveCount: row.type === 'EXPRESS' ? undefined : row.redrives,
    redriveDate: row.redrivenAt === undefined ? undefined : seconds(row.redrivenAt),
    mapRunArn: row.mapRunArn,
  });

/** An execution that keeps a history: Express ones do not, and AWS knows their ARNs here no more than those of other things. */
export function findStandard(arn: string, service: Pick<EngineService, 'store' | 'runtime'>): ExecutionRow {
  checkArn(arn, 'execution');
  return findExecution(arn, service);
}

export function findExecution(arn: string, { store, runtime }: Pick<EngineService, 'store' | 'runtime'>): ExecutionRow {
  checkArn(arn, 'execution', 'express');
  const row = store.execution(arn) ?? runtime.get(arn)?.row;
  if (!row) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  return row;
}
