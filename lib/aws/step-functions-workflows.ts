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
import { traceOf } from './trace.ts';

/** The workflows on AWS Step Functions; `prefix` is `arn:aws:states:<region>:<account>`. */
export function stepFunctionsWorkflows(client: SFNClient, prefix: string): Workflows {
  return {
    async start(workflow, name, { input, traceId }) {
      const stateMachineArn = `${prefix}:stateMachine:${workflow}`;
      const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
      if (traceId !== undefined && traceId !== traceOf().traceId) inAnotherTrace(command, traceId);
      await unless([ExecutionAlreadyExists], client.send(command));
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

/**
 * Has the call be a part of that trace, recorded, and not of the invocation's own. It is the header that says so: the SDK sets it to the invocation's trace
 * unless it is there, and Step Functions takes it before `traceHeader`. Source: Step Functions API, StartExecution.
 */
function inAnotherTrace({ middlewareStack }: StartExecutionCommand, traceId: string) {
  middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = `Root=${traceId};Sampled=1`;
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'anotherTrace' },
  );
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
