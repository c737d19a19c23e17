import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import type { Workflows } from '../ports.ts';

/** The workflows on AWS Step Functions; `prefix` is `arn:aws:states:<region>:<account>`. */
export function stepFunctionsWorkflows(client: SFNClient, prefix: string): Workflows {
  return {
    async start(workflow, name, input) {
      const stateMachineArn = `${prefix}:stateMachine:${workflow}`;
      await unless(
        [ExecutionAlreadyExists],
        client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) })),
      );
    },
    async stop(workflow, name, cause) {
      const executionArn = `${prefix}:execution:${workflow}:${name}`;
      await unless(
        [ExecutionDoesNotExist],
        client.send(new StopExecutionCommand({ executionArn, error: 'Cancelled', cause })),
      );
    },
    succeedTask: (taskToken, output) =>
      unless(GONE, client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }))),
    failTask: (taskToken, { error, cause }) =>
      unless(GONE, client.send(new SendTaskFailureCommand({ taskToken, error, cause }))),
    heartbeat: (taskToken) => unless(GONE, client.send(new SendTaskHeartbeatCommand({ taskToken }))),
  };
}

/** How the API answers a token that nobody waits for any more. */
const GONE = [TaskTimedOut, TaskDoesNotExist, InvalidToken];

/** False when the call fails in one of these ways. */
async function unless(
  classes: readonly (abstract new (...args: never[]) => Error)[],
  call: Promise<unknown>,
): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (classes.some((one) => error instanceof one)) return false;
    throw error;
  }
}
