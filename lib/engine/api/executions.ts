import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { ExecutionRow, ExecutionStatus } from '../execution.ts';
import { checkName, type EngineOperation, type EngineService, pageOf, required, seconds } from './service.ts';
import { findStateMachine } from './state-machines.ts';

/** Characters of input that an execution may have. Source: Step Functions quotas. */
const MAX_INPUT = 262_144;

/** The same name with the same input answers the running execution; with another input, or once it has ended, it is refused. */
export const startExecution: EngineOperation = (input, service) => {
  const machine = findStateMachine(required(input, 'stateMachineArn'), service);
  const name = typeof input.name === 'string' ? input.name : service.newId();
  checkName(name);
  const text = typeof input.input === 'string' ? input.input : '{}';
  checkInput(text);
  const executionArn = `${machine.stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const known = service.store.execution(executionArn);
  if (known && (known.status !== 'RUNNING' || known.input !== text))
    throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
  if (known) return { executionArn, startDate: seconds(known.startedAt) };

  const { stateMachineArn, roleArn, definition: definitionText } = machine;
  const startedAt = service.clock.now();
  service.engine.begin({ executionArn, stateMachineArn, name, input: text, roleArn, startedAt, definitionText });
  return { executionArn, startDate: seconds(startedAt) };
};

function checkInput(text: string) {
  if (text.length > MAX_INPUT)
    throw new ApiError('InvalidExecutionInput', `Invalid Execution Input: it has more than ${MAX_INPUT} characters`);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new ApiError('InvalidExecutionInput', `Invalid Execution Input: '${(error as Error).message}'`);
  }
}

export const stopExecution: EngineOperation = (input, service) => {
  const { executionArn } = findExecution(required(input, 'executionArn'), service);
  const text = (member: string) => (typeof input[member] === 'string' ? input[member] : undefined);
  service.engine.abort(executionArn, { error: text('error'), cause: text('cause') });
  return { stopDate: seconds(findExecution(executionArn, service).stoppedAt!) };
};

export const describeExecution: EngineOperation = (input, service) => {
  const { output, error, cause, ...row } = findExecution(required(input, 'executionArn'), service);
  const ends = Object.entries({ output, error, cause }).filter(([, value]) => value !== undefined) as [
    string,
    string,
  ][];
  return { ...summary(row), input: row.input, inputDetails: { included: true }, ...Object.fromEntries(ends) };
};

export const listExecutions: EngineOperation = (input, { store, ...service }) => {
  const { stateMachineArn } = findStateMachine(required(input, 'stateMachineArn'), { store, ...service });
  const { limit, offset, token } = pageOf(input, { usual: 100, most: 1_000 });
  const status = typeof input.statusFilter === 'string' ? { status: input.statusFilter as ExecutionStatus } : {};
  const rows = store.executions({ stateMachineArn, ...status, offset, limit: limit + 1 });
  return { executions: rows.slice(0, limit).map(summary), ...token(rows.length > limit) };
};

export const getExecutionHistory: EngineOperation = (input, service) => {
  const { executionArn, events: count } = findExecution(required(input, 'executionArn'), service);
  const { limit, offset, token } = pageOf(input, { usual: 100, most: 1_000 });
  const reverse = input.reverseOrder === true;
  const events = service.store.events({
    executionArn,
    after: reverse ? count + 1 - offset : offset,
    limit: limit + 1,
    reverse,
  });
  return {
    events: events
      .slice(0, limit)
      .map(({ timestamp, ...event }) => ({ ...event, timestamp: seconds(timestamp) })) as unknown as Json,
    ...token(events.length > limit),
  };
};

const summary = ({
  executionArn,
  stateMachineArn,
  name,
  status,
  startedAt,
  stoppedAt,
}: ExecutionRow): { [key: string]: Json } => ({
  executionArn,
  stateMachineArn,
  name,
  status,
  startDate: seconds(startedAt),
  ...(stoppedAt === undefined ? {} : { stopDate: seconds(stoppedAt) }),
});

function findExecution(executionArn: string, { store }: Pick<EngineService, 'store'>): ExecutionRow {
  const row = store.execution(executionArn);
  if (!row) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
  return row;
}
