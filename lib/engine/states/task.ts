import type { Json } from '../../json.ts';
import { boundedText } from '../data-limit.ts';
import type { Signal, TaskWait } from '../execution.ts';
import { integrationOf } from '../integrations/integrations.ts';
import type { TaskState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { argumentsOf, integerOf, withResult } from '../processing.ts';
import { effect, type Outcome, type StateType, type Step, WAITING } from '../step.ts';
import { beaten } from '../waiting.ts';

type TaskStep = Step<TaskState>;

/** What `.waitForTaskToken` ends with: whoever was given the token ends the task. */
export const TASK_TOKEN = '.waitForTaskToken';

/** Hands work to others, once the turn is on disk, and waits for what comes of it. */
export const task: StateType<TaskState> = {
  async enter(step) {
    const { Resource } = step.state;
    const byToken = Resource.endsWith(TASK_TOKEN);
    const nonce = step.world.newId();
    const timeout = await integerOf(step, 'TimeoutSeconds', 1);
    const heartbeat = await integerOf(step, 'HeartbeatSeconds', 1);
    const parameters = await argumentsOf(step, byToken ? nonce : undefined);
    const integration = integrationOf(Resource);
    const problem = integration.refuses?.(parameters);
    if (problem) throw new StateError('States.Runtime', problem);
    const wait: TaskWait = {
      kind: 'task',
      nonce,
      byToken,
      resource: Resource,
      ...(parameters === step.thread.input ? {} : { parameters }),
      ...times(step, { timeout, heartbeat }),
    };
    const text = boundedText(parameters, step.thread.state, step.world.limits);
    step.thread.wait = wait;
    const settings = {
      ...(timeout === undefined ? {} : { timeoutInSeconds: timeout }),
      ...(heartbeat === undefined ? {} : { heartbeatInSeconds: heartbeat }),
    };
    integration.history.scheduled(step, wait, { text, settings });
    effect(step, { kind: 'dispatch', thread: step.thread.id });
    return WAITING;
  },
  resume: (step, signal) => resume(step, signal, step.thread.wait as TaskWait),
};

function times(
  step: TaskStep,
  { timeout, heartbeat }: { timeout?: number | undefined; heartbeat?: number | undefined },
) {
  const now = step.world.now();
  return {
    ...(timeout === undefined ? {} : { timeoutAt: now + timeout * 1_000 }),
    ...(heartbeat === undefined ? {} : { heartbeatSeconds: heartbeat, heartbeatAt: now + heartbeat * 1_000 }),
  };
}

async function resume(step: TaskStep, signal: Signal, wait: TaskWait): Promise<Outcome> {
  const { history, limitName } = integrationOf(wait.resource);
  switch (signal.kind) {
    case 'submitted':
      step.thread.wait = { ...wait, handedOver: true, ...(signal.child === undefined ? {} : { child: signal.child }) };
      history.submitted(step, wait, signal.output);
      return WAITING;
    case 'taken':
      step.thread.wait = { ...wait, handedOver: true };
      history.taken?.(step, signal.workerName);
      return beat(step);
    case 'heartbeat':
      return beat(step);
    case 'timeout': {
      history.timedOut(step, wait, { error: 'States.Timeout' });
      return { kind: 'error', error: 'States.Timeout', heartbeat: signal.heartbeat };
    }
    case 'failure':
      history.failed(step, wait, signal);
      return { kind: 'error', error: signal.error, cause: signal.cause };
    case 'result':
      return succeeded(step, wait, { output: signal.output, limitName });
    default:
      throw new Error(`a task cannot take a signal of kind ${signal.kind}`);
  }
}

function beat(step: TaskStep): Outcome {
  step.thread.wait = beaten(step.thread.wait as TaskWait, step.world.now());
  return WAITING;
}

async function succeeded(
  step: TaskStep,
  wait: TaskWait,
  { output, limitName }: { output: Json; limitName?: string | undefined },
): Promise<Outcome> {
  const { history } = integrationOf(wait.resource);
  try {
    history.succeeded(step, wait, boundedText(output, limitName ?? wait.resource, step.world.limits));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const failure = { error: error.error, cause: error.causeText };
    history.failed(step, wait, failure);
    return { kind: 'error', ...failure };
  }
  // The child has ended by itself: nothing is left to stop when the thread ends.
  step.thread.wait = { ...wait, child: undefined as never };
  return withResult(step, output);
}
