import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { ExecutionRow, Signal, TaskWait } from '../execution.ts';
import { type Dispatched, type Integration, type TaskServices, taskHistory, tracedBy } from './integration.ts';

interface StartParameters {
  readonly StateMachineArn: string;
  readonly Input?: Json;
  readonly Name?: string;
}

/** `states:startExecution`: ends when the execution has begun, with `.sync` when it has ended, with a token when somebody says so. */
export const startExecution: Integration = {
  history: taskHistory('states'),
  refuses: (parameters) =>
    typeof (parameters as Partial<StartParameters> | null)?.StateMachineArn === 'string'
      ? undefined
      : "The field 'StateMachineArn' is required but was missing",
  async dispatch(task, services) {
    const { wait } = task;
    try {
      return begun(wait, await start(task, services));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const cause = `${error.message} (Service: AWSStepFunctions; Status Code: ${error.status}; Error Code: ${error.type})`;
      return { kind: 'failure', nonce: wait.nonce, error: `StepFunctions.${error.type}Exception`, cause };
    }
  },
};

const isSync = ({ resource }: Pick<TaskWait, 'resource'>) => /\.sync(:2)?$/.test(resource);

function start(task: Dispatched, services: TaskServices) {
  const { execution, thread, wait, parameters } = task;
  const { StateMachineArn, Input, Name } = parameters as unknown as StartParameters;
  const input =
    Input === undefined || Input === null ? '{}' : typeof Input === 'string' ? Input : JSON.stringify(Input);
  const parent = { executionArn: execution.row.executionArn, thread: thread.id, nonce: wait.nonce };
  return services.startExecution(
    { stateMachineArn: StateMachineArn, input, name: Name ?? wait.nonce, ...tracedBy(task) },
    { startedBy: wait.nonce, ...(isSync(wait) ? { parent } : {}) },
  );
}

function begun(wait: TaskWait, row: ExecutionRow): Signal {
  const { nonce } = wait;
  const { executionArn } = row;
  const output = { ExecutionArn: executionArn, StartDate: row.startedAt };
  if (isSync(wait)) return { kind: 'submitted', nonce, output, child: executionArn };
  return { kind: wait.byToken ? 'submitted' : 'result', nonce, output };
}

/** What the end of a nested execution means to the task that waits for it. */
export function endOf(row: ExecutionRow, { resource, nonce }: Pick<TaskWait, 'resource' | 'nonce'>): Signal {
  const parsed = resource.endsWith(':2');
  const text = (value: string): Json => (parsed ? (JSON.parse(value) as Json) : value);
  const described = {
    ...(row.cause === undefined ? {} : { Cause: row.cause }),
    ...(row.error === undefined ? {} : { Error: row.error }),
    ExecutionArn: row.executionArn,
    Input: text(row.input),
    InputDetails: { Included: true },
    Name: row.name,
    ...(row.output === undefined ? {} : { Output: text(row.output), OutputDetails: { Included: true } }),
    StartDate: row.startedAt,
    StateMachineArn: row.stateMachineArn,
    Status: row.status,
    StopDate: row.stoppedAt!,
  };
  if (row.status === 'SUCCEEDED') return { kind: 'result', nonce, output: described };
  return { kind: 'failure', nonce, error: 'States.TaskFailed', cause: JSON.stringify(described) };
}
