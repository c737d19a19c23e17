import type { Json } from '../../json.ts';
import type { Execution, ExecutionRow, Failure, Parent, Signal, TaskWait, Thread } from '../execution.ts';
import type { InvokeOptions, InvokeResult } from '../invoke.ts';
import { emit, type Step, WHOLE } from '../step.ts';

/** What an integration can reach. */
export interface TaskServices {
  invoke(functionArn: string, payload: Json, options: InvokeOptions): Promise<InvokeResult>;
  putEvents(entries: Json[]): Promise<Json>;
  /** Starts an execution once for each `startedBy`, however often it is called. Throws ApiError. */
  startExecution(input: Json, link: { startedBy: string; parent?: Parent }): Promise<ExecutionRow>;
  offer(activityArn: string, task: { executionArn: string; thread: string; nonce: string; input: Json }): void;
}

/** A task to be carried out. */
export interface Dispatched {
  readonly execution: Execution;
  readonly thread: Thread;
  readonly wait: TaskWait;
  /** What it works with. */
  readonly parameters: Json;
  readonly signal: AbortSignal;
}

/** What a task hands on to what it calls, so that it is a part of the execution's trace. */
export const tracedBy = ({ execution: { row } }: Dispatched): { traceHeader: string } | Record<never, never> =>
  row.traceHeader === undefined ? {} : { traceHeader: row.traceHeader };

interface Scheduled {
  /** What it works with, as JSON text. */
  readonly text: string;
  readonly settings: { readonly timeoutInSeconds?: number; readonly heartbeatInSeconds?: number };
}

/** How the history tells of a task. */
export interface TaskHistory {
  scheduled(step: Step, wait: TaskWait, scheduled: Scheduled): void;
  taken?(step: Step, workerName: string | undefined): void;
  submitted(step: Step, wait: TaskWait, output: Json): void;
  succeeded(step: Step, wait: TaskWait, output: string): void;
  failed(step: Step, wait: TaskWait, failure: Failure): void;
  timedOut(step: Step, wait: TaskWait, failure: Failure): void;
}

/** A kind of work that a Task state can hand out. */
export interface Integration {
  readonly history: TaskHistory;
  /** What the message about a result that is too large calls it; else it is called by its resource. */
  readonly limitName?: string;
  /** What is wrong with the parameters. */
  refuses?(parameters: Json): string | undefined;
  /** Does the work; answers a signal for the thread, or nothing when the answer comes by other ways. May be called again after a crash. */
  dispatch(task: Dispatched, services: TaskServices): Promise<Signal | undefined>;
}

const named = ({ error, cause }: Failure) => ({
  ...(error === undefined ? {} : { error }),
  ...(cause === undefined ? {} : { cause }),
});

/** `Task…` events, as all optimised integrations have them. */
export function taskHistory(resourceType: string): TaskHistory {
  const of = ({ resource }: TaskWait) => ({ resource: resource.split(':').slice(6).join(':'), resourceType });
  return {
    scheduled(step, wait, { text, settings }) {
      const { region } = step.world;
      const details = { ...of(wait), region, parameters: text, ...settings };
      emit(step, 'TaskScheduled', { taskScheduledEventDetails: details });
      emit(step, 'TaskStarted', { taskStartedEventDetails: of(wait) });
    },
    submitted(step, wait, output) {
      const details = { ...of(wait), output: JSON.stringify(output), outputDetails: WHOLE };
      emit(step, 'TaskSubmitted', { taskSubmittedEventDetails: details });
    },
    succeeded(step, wait, output) {
      emit(step, 'TaskSucceeded', { taskSucceededEventDetails: { ...of(wait), output, outputDetails: WHOLE } });
    },
    failed(step, wait, failure) {
      emit(step, 'TaskFailed', { taskFailedEventDetails: { ...of(wait), ...named(failure) } });
    },
    timedOut(step, wait, failure) {
      emit(step, 'TaskTimedOut', { taskTimedOutEventDetails: { ...of(wait), ...named(failure) } });
    },
  };
}

/** `LambdaFunction…` and `Activity…` events: a function or an activity that the state names by its ARN. */
export function arnHistory(kind: 'LambdaFunction' | 'Activity'): TaskHistory {
  const member = (suffix: string) => `${kind[0]!.toLowerCase()}${kind.slice(1)}${suffix}EventDetails`;
  const tell = (step: Step, suffix: string, details: object) =>
    emit(step, `${kind}${suffix}`, { [member(suffix)]: details });
  return {
    scheduled(step, wait, { text: input, settings }) {
      const { resource } = wait;
      tell(step, 'Scheduled', { resource, input, inputDetails: WHOLE, ...settings });
      if (kind === 'LambdaFunction') emit(step, 'LambdaFunctionStarted');
    },
    taken(step, workerName) {
      tell(step, 'Started', workerName === undefined ? {} : { workerName });
    },
    submitted() {},
    succeeded: (step, _, output) => void tell(step, 'Succeeded', { output, outputDetails: WHOLE }),
    failed: (step, _, failure) => void tell(step, 'Failed', named(failure)),
    timedOut: (step, _, failure) => void tell(step, 'TimedOut', named(failure)),
  };
}
