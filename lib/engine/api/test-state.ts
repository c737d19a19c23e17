import type { Json } from '../../json.ts';
import { type ExecutionRow, type Failure, type HistoryEvent, ROOT } from '../execution.ts';
import { newExecution } from '../lifecycle.ts';
import { catcherAt, retrierAt } from '../retry.ts';
import type { Step } from '../step.ts';
import { checkedInput } from './executions.ts';
import { inspected } from './inspection.ts';
import { objectIn } from './json-in.ts';
import { compact, type EngineOperation, type EngineService, type Input, textOf } from './service.ts';
import { runState } from './test-run.ts';
import { testedState } from './tested-state.ts';

/** Runs one state, without a state machine and without a trace in the store. Waits take no time; a task is carried out, or mocked. */
export const testState: EngineOperation = async (input, service) => {
  const { world } = service;
  const { name, state, definition } = testedState(input);
  const execution = newExecution(rowOf(input, service), definition, world);
  const root = execution.threads.get(ROOT)!;
  root.variables = objectIn(input.variables, 'variables');
  execution.context = objectIn(input.context, 'context');
  const step: Step = { world, execution, thread: { ...root, state: name }, state };
  const events = await runState(execution, input, service);
  const answer = answerOf(step, events);
  if ((input.inspectionLevel ?? 'INFO') === 'INFO') return compact({ ...answer });
  const data = (await inspected(step, workedOf(events))) as object;
  const { variables } = root;
  return compact({
    ...answer,
    inspectionData: compact({ ...data, variables: JSON.stringify(variables), errorDetails: handlerOf(step, answer) }),
  });
};

function rowOf(input: Input, { world, clock }: EngineService): ExecutionRow {
  const base = `arn:aws:states:${world.region}:${world.account}`;
  const name = world.newId();
  return {
    executionArn: `${base}:express:TestState:${name}`,
    stateMachineArn: `${base}:stateMachine:TestState`,
    name,
    type: 'EXPRESS',
    definition: '',
    path: [],
    input: checkedInput(textOf(input, 'input') ?? '{}', world.limits.payloadBytes),
    roleArn: textOf(input, 'roleArn') ?? '',
    startedAt: clock.now(),
    status: 'RUNNING',
    events: 0,
    threads: 0,
    redrives: 0,
  };
}

interface Answer extends Failure {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'RETRIABLE' | 'CAUGHT_ERROR';
  readonly output?: string | undefined;
  readonly nextState?: string | undefined;
}

function answerOf({ execution }: Step, events: readonly HistoryEvent[]): Answer {
  const { row, threads } = execution;
  const left = events.find(({ type }) => type.endsWith('StateExited'));
  const { output } = detailsOf(left) as { output?: string };
  const next = events.filter(({ type }) => type.endsWith('StateEntered'))[1];
  const { name: nextState } = detailsOf(next) as { name?: string };
  const failed = events.find(({ type }) => /(?:Failed|TimedOut)$/.test(type) && !type.startsWith('Execution'));
  if (left && !failed) return { output, nextState, status: 'SUCCEEDED' };
  const { error = row.error, cause = row.cause } = detailsOf(failed) as Failure;
  if (left) return { output, error, cause, nextState, status: 'CAUGHT_ERROR' };
  return { error, cause, status: threads.get(ROOT)?.wait?.kind === 'timer' ? 'RETRIABLE' : 'FAILED' };
}

const detailsOf = (event: HistoryEvent | undefined): object =>
  (Object.entries(event ?? {}).find(([name]) => name.endsWith('EventDetails'))?.[1] ?? {}) as object;

/** What a task was given, and what it answered, as its events tell. */
function workedOf(events: readonly HistoryEvent[]) {
  const of = (type: RegExp) => detailsOf(events.find((event) => type.test(event.type))) as Record<string, string>;
  const { parameters, input = parameters } = of(/^(?:Task|LambdaFunction|Activity)Scheduled$/);
  return { given: input, result: of(/^(?:Task|LambdaFunction|Activity)Succeeded$/).output };
}

/** Which retrier or catcher takes the error. */
function handlerOf(step: Step, { status, ...failure }: Answer): Json | undefined {
  const wait = step.execution.threads.get(ROOT)?.wait;
  if (status === 'CAUGHT_ERROR') return { catchIndex: catcherAt(step, failure) };
  if (status !== 'RETRIABLE' || wait?.kind !== 'timer') return undefined;
  const retryBackoffIntervalSeconds = Math.round((wait.until - step.world.now()) / 1_000);
  return { retryIndex: retrierAt(step, failure), retryBackoffIntervalSeconds };
}
