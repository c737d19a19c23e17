import { ApiError } from '../engine/api-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Workflows } from '../ports.ts';

/** The workflows on the embedded engine. */
export function engineWorkflows(engine: Engine, { account, region }: { account: string; region: string }): Workflows {
  const prefix = `arn:aws:states:${region}:${account}`;
  return {
    async start(workflow, name, { input }) {
      const stateMachineArn = `${prefix}:stateMachine:${workflow}`;
      const call = engine.call('StartExecution', { stateMachineArn, name, input: JSON.stringify(input) });
      await unless(['ExecutionAlreadyExists'], call);
    },
    async stop(workflow, name, cause) {
      const executionArn = `${prefix}:execution:${workflow}:${name}`;
      await unless(
        ['ExecutionDoesNotExist'],
        engine.call('StopExecution', { executionArn, error: 'Cancelled', cause }),
      );
    },
    succeedTask: (taskToken, output) =>
      unless(GONE, engine.call('SendTaskSuccess', { taskToken, output: JSON.stringify(output) })),
    failTask: (taskToken, { error, cause }) =>
      unless(GONE, engine.call('SendTaskFailure', { taskToken, error, cause })),
    heartbeat: (taskToken) => unless(GONE, engine.call('SendTaskHeartbeat', { taskToken })),
  };
}

/** How the API answers a token that nobody waits for any more. */
const GONE = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

/** False when the call fails in one of these ways. */
async function unless(types: readonly string[], call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof ApiError && types.includes(error.type)) return false;
    throw error;
  }
}
