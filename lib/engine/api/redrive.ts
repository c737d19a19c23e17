import { ApiError } from '../api-error.ts';
import { type Execution, ROOT } from '../execution.ts';
import { machineNameOf } from '../lifecycle.ts';
import { emit } from '../step.ts';
import { findStandard, redriveOf } from './executions.ts';
import { type EngineOperation, seconds } from './service.ts';

/** Goes on with an execution from the state in which it failed, with what that state was given. */
export const redriveExecution: EngineOperation = async (input, service) => {
  const { runtime, store, clock, world } = service;
  const row = findStandard(input.executionArn as string, service);
  const { redriveStatus, redriveStatusReason } = redriveOf(row, service) as Record<string, string>;
  if (redriveStatus !== 'REDRIVABLE')
    throw new ApiError(
      'ExecutionNotRedrivable',
      `Execution is not redrivable: ${redriveStatusReason ?? redriveStatus}`,
    );
  const root = store.root(row.executionArn);
  if (!root) throw new ApiError('ExecutionNotRedrivable', 'Execution is not redrivable: where it stood is not known');
  const now = clock.now();
  const definition = runtime.definitions.get(row.definition);
  const timeout = definition.TimeoutSeconds ?? world.limits.standardSeconds;
  const { output: _, error: __, cause: ___, stoppedAt: ____, ...rest } = row;
  const redriven = {
    ...rest,
    status: 'RUNNING',
    redrives: row.redrives + 1,
    redrivenAt: now,
    deadline: now + timeout * 1_000,
  } as const;
  const execution: Execution = {
    row: { ...redriven } as typeof row,
    definition,
    stateMachineName: machineNameOf(row.stateMachineArn),
    threads: new Map([[ROOT, { ...root, retries: {} }]]),
    items: new Map(),
  };
  emit({ world, execution, thread: execution.threads.get(ROOT)! }, 'ExecutionRedriven', {
    executionRedrivenEventDetails: { redriveCount: redriven.redrives },
  });
  await runtime.begin(execution);
  return { redriveDate: seconds(now) };
};
