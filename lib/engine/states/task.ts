import type { Json } from '../../json.ts';
import type { Signal, Waiting } from '../execution.ts';
import type { TaskState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { effect, effectiveInput, emit, outputOf, type StateType, type Step, secondsOf, WAITING } from '../step.ts';

export const LAMBDA_INVOKE = 'arn:aws:states:::lambda:invoke';
export const TASK_TOKEN = '.waitForTaskToken';

type TaskWait = Extract<Waiting, { kind: 'task' }>;

/** A Lambda function by its ARN, or through `lambda:invoke` with or without a task token. */
export const task: StateType<TaskState> = {
  enter(step) {
    const { Resource } = step.state;
    const byToken = Resource.endsWith(TASK_TOKEN);
    const nonce = step.world.newId();
    const payload = effectiveInput(step, byToken ? nonce : undefined);
    const wait = waiting(step, { nonce, byToken, payload });
    step.thread.wait = wait;
    announce(step, wait);
    effect(step, invocation(step.thread.id, wait));
    return WAITING;
  },

  resume(step, signal) {
    const wait = step.thread.wait as TaskWait;
    const direct = !wait.resource.startsWith(LAMBDA_INVOKE);
    if (signal.kind === 'result') {
      if (direct)
        emit(step, 'LambdaFunctionSucceeded', {
          lambdaFunctionSucceededEventDetails: { output: JSON.stringify(signal.output) },
        });
      else
        emit(step, 'TaskSucceeded', {
          taskSucceededEventDetails: { ...resourceOf(wait), output: JSON.stringify(signal.output) },
        });
      return outputOf(step, signal.output);
    }
    const { error, cause } = failureOf(signal);
    const timedOut = signal.kind === 'timeout';
    if (direct)
      emit(step, timedOut ? 'LambdaFunctionTimedOut' : 'LambdaFunctionFailed', {
        [timedOut ? 'lambdaFunctionTimedOutEventDetails' : 'lambdaFunctionFailedEventDetails']: { error, cause },
      });
    else
      emit(step, timedOut ? 'TaskTimedOut' : 'TaskFailed', {
        [timedOut ? 'taskTimedOutEventDetails' : 'taskFailedEventDetails']: { ...resourceOf(wait), error, cause },
      });
    throw new StateError(error, cause);
  },
};

/** The invocation of a waiting task; a restart makes it again from the same row. */
export function invocation(thread: string, { nonce, byToken, resource, payload }: TaskWait) {
  const direct = !resource.startsWith(LAMBDA_INVOKE);
  const { FunctionName, Payload } = direct
    ? { FunctionName: resource, Payload: payload }
    : (payload as { FunctionName: string; Payload?: Json });
  return { kind: 'invoke', thread, nonce, byToken, functionArn: FunctionName, payload: Payload ?? {} } as const;
}

/** What `lambda:invoke` answers with: the function's result within the Invoke API's answer. */
export const invokeOutput = (payload: Json): Json => ({
  ExecutedVersion: '$LATEST',
  Payload: payload,
  StatusCode: 200,
});

function waiting(
  step: Step<TaskState>,
  { nonce, byToken, payload }: { nonce: string; byToken: boolean; payload: Json },
): TaskWait {
  const { TimeoutSeconds, TimeoutSecondsPath, HeartbeatSeconds, HeartbeatSecondsPath, Resource } = step.state;
  const timeout = secondsOf(step, TimeoutSeconds, TimeoutSecondsPath);
  const heartbeat = secondsOf(step, HeartbeatSeconds, HeartbeatSecondsPath);
  const now = step.world.now();
  return {
    kind: 'task',
    nonce,
    byToken,
    resource: Resource,
    payload,
    ...(timeout === undefined ? {} : { timeoutAt: now + timeout * 1_000 }),
    ...(heartbeat === undefined ? {} : { heartbeatSeconds: heartbeat, heartbeatAt: now + heartbeat * 1_000 }),
  };
}

function announce(step: Step<TaskState>, wait: TaskWait) {
  const { TimeoutSeconds, HeartbeatSeconds } = step.state;
  const limits = {
    ...(TimeoutSeconds === undefined ? {} : { timeoutInSeconds: TimeoutSeconds }),
    ...(HeartbeatSeconds === undefined ? {} : { heartbeatInSeconds: HeartbeatSeconds }),
  };
  if (!wait.resource.startsWith(LAMBDA_INVOKE)) {
    const { heartbeatInSeconds: _, ...timeout } = limits as { heartbeatInSeconds?: number };
    emit(step, 'LambdaFunctionScheduled', {
      lambdaFunctionScheduledEventDetails: { resource: wait.resource, input: JSON.stringify(wait.payload), ...timeout },
    });
    emit(step, 'LambdaFunctionStarted');
    return;
  }
  const region = step.execution.row.stateMachineArn.split(':')[3];
  emit(step, 'TaskScheduled', {
    taskScheduledEventDetails: { ...resourceOf(wait), region, parameters: JSON.stringify(wait.payload), ...limits },
  });
  emit(step, 'TaskStarted', { taskStartedEventDetails: resourceOf(wait) });
}

const resourceOf = ({ resource }: TaskWait) => ({ resourceType: 'lambda', resource: resource.split(':').at(-1) });

function failureOf(signal: Signal): { error: string; cause: string } {
  if (signal.kind === 'failure') return signal;
  if (signal.kind === 'timeout') return { error: signal.error, cause: '' };
  return { error: 'States.Runtime', cause: `unexpected ${signal.kind}` };
}
