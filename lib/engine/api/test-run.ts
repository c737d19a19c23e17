import type { Json } from '../../json.ts';
import { advance, type Wake } from '../advance.ts';
import {
  dirtyOf,
  type Execution,
  type Failure,
  type HistoryEvent,
  parametersOf,
  ROOT,
  type Signal,
  type TaskWait,
  type Thread,
} from '../execution.ts';
import { integrationOf } from '../integrations/integrations.ts';
import type { Retrier } from '../language/definition.ts';
import { jsonIn } from './json-in.ts';
import type { EngineService, Input } from './service.ts';

/** Milliseconds that a test may take. Source: developer guide, TestState. */
const LONGEST_TEST = 300_000;

/** Takes the turns of a state until it is left, or is to be tried again. */
export async function runState(execution: Execution, input: Input, service: EngineService): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let wakes: Wake[] = [{ thread: ROOT, signal: { kind: 'start' } }];
  while (wakes.length > 0 && !isLeft(events)) {
    wakes = await advance(execution, wakes, service.world);
    events.push(...dirtyOf(execution).events.splice(0));
    const thread = execution.threads.get(ROOT);
    if (!thread?.wait || isLeft(events)) continue;
    const { wait } = thread;
    if (wait.kind === 'timer' && !wait.retry) wakes = [{ thread: ROOT, signal: { kind: 'timer' } }];
    if (wait.kind !== 'task') continue;
    countRetries(execution, thread, input);
    wakes = [{ thread: ROOT, signal: await endOf(wait, { execution, thread, input, service }) }];
  }
  return events;
}

const isLeft = (events: readonly HistoryEvent[]) => events.some(({ type }) => type.endsWith('StateExited'));

/** The retries that the caller says have been made already. */
function countRetries({ definition }: Execution, thread: Thread, { stateConfiguration }: Input) {
  const { retrierRetryCount } = (stateConfiguration ?? {}) as { retrierRetryCount?: number };
  if (retrierRetryCount === undefined) return;
  const { Retry = [] } = definition.States[thread.state] as { Retry?: readonly Retrier[] };
  thread.retries = Object.fromEntries(Retry.map((_, place) => [place, retrierRetryCount]));
}

interface Task {
  readonly execution: Execution;
  readonly thread: Thread;
  readonly input: Input;
  readonly service: EngineService;
}

interface Mock {
  readonly result?: string;
  readonly errorOutput?: Failure;
}

/** What a task ends with: what the caller says, or what comes of it. */
async function endOf(wait: TaskWait, { execution, thread, input, service }: Task): Promise<Signal> {
  const { nonce } = wait;
  const mock = input.mock as unknown as Mock | undefined;
  if (mock?.errorOutput) return { kind: 'failure', nonce, ...mock.errorOutput };
  if (mock) return { kind: 'result', nonce, output: jsonIn(mock.result ?? 'null', 'mock.result') as Json };
  const { clock, runtime } = service;
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Signal>();
  const until = Math.min(wait.timeoutAt ?? Number.POSITIVE_INFINITY, clock.now() + LONGEST_TEST);
  const drop = clock.setTimer(until, () => resolve({ kind: 'timeout', nonce, heartbeat: false }));
  const { signal } = controller;
  const task = { execution, thread, wait, parameters: parametersOf(thread, wait), signal };
  const dispatched = integrationOf(wait.resource).dispatch(task, runtime.tasks.services);
  const ended = await Promise.race([promise, dispatched]);
  drop();
  controller.abort();
  return ended!;
}
