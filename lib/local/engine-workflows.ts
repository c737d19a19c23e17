import { callEngine } from '../engine/api/operations.ts';
import type { EngineService } from '../engine/api/service.ts';
import { ApiError } from '../engine/api-error.ts';
import type { Json } from '../json.ts';
import type { Workflows } from '../ports.ts';

/** The workflows on the embedded engine. */
export function engineWorkflows(service: EngineService): Workflows {
  const prefix = `arn:aws:states:${service.region}:${service.account}`;
  const call = (operation: string, input: Json) => callEngine(operation, input, service);
  const answer = (operation: string, input: Json) => unless('TaskTimedOut', () => call(operation, input));
  return {
    async start(workflow, name, input) {
      const stateMachineArn = `${prefix}:stateMachine:${workflow}`;
      unless('ExecutionAlreadyExists', () =>
        call('StartExecution', { stateMachineArn, name, input: JSON.stringify(input) }),
      );
    },
    async stop(workflow, name, cause) {
      const executionArn = `${prefix}:execution:${workflow}:${name}`;
      unless('ExecutionDoesNotExist', () => call('StopExecution', { executionArn, error: 'Cancelled', cause }));
    },
    succeedTask: async (taskToken, output) => answer('SendTaskSuccess', { taskToken, output: JSON.stringify(output) }),
    failTask: async (taskToken, { error, cause }) => answer('SendTaskFailure', { taskToken, error, cause }),
    heartbeat: async (taskToken) => answer('SendTaskHeartbeat', { taskToken }),
  };
}

/** False when it fails by that name. */
function unless(type: string, run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.type === type) return false;
    throw error;
  }
}
