import type { Json } from '../../json.ts';
import { advance, type Wake } from '../advance.ts';
import { ApiError } from '../api-error.ts';
import { dirtyOf, type Execution, type ExecutionRow, type HistoryEvent, parametersOf, ROOT } from '../execution.ts';
import type { TaskServices } from '../integrations/integration.ts';
import { integrationOf } from '../integrations/integrations.ts';
import type { StateMachineDefinition } from '../language/definition.ts';
import { newExecution } from '../lifecycle.ts';
import { compact, type EngineOperation, type EngineService, textOf } from './service.ts';

const NAME = 'TestState';
const TESTABLE = ['Task', 'Pass', 'Wait', 'Choice', 'Succeed', 'Fail'];

/** Runs one state, without a state machine and without a trace in the store. Waits take no time. */
export const testState: EngineOperation = async (input, service) => {
  const state = parsed(input.definition as string);
  if (!TESTABLE.includes(String(state.Type)))
    throw new ApiError(
      'InvalidDefinition',
      `Invalid State Machine Definition: a state of type ${state.Type} cannot be tested`,
    );
  const text = textOf(input, 'input') ?? '{}';
  const execution = newExecution(rowOf(input, text, service), definitionOf(state), service.world);
  const events = await run(execution, service);
  return answer(execution, events);
};

function parsed(definition: string): Record<string, Json> {
  try {
    return JSON.parse(definition) as Record<string, Json>;
  } catch (error) {
    throw new ApiError('InvalidDefinition', `Invalid State Machine Definition: '${(error as Error).message}'`);
  }
}

/** The state, and a state that does nothing for each that it may go to. */
function definitionOf(state: Record<string, Json>): StateMachineDefinition {
  const targets = [...JSON.stringify(state).matchAll(/"(?:Next|Default)":("(?:[^"\\]|\\.)*")/g)].map(
    ([, name]) => JSON.parse(name!) as string,
  );
  const stubs = Object.fromEntries(targets.map((name) => [name, { Type: 'Succeed' }]));
  return { StartAt: NAME, States: { ...stubs, [NAME]: state } } as unknown as StateMachineDefinition;
}

const rowOf = (input: Readonly<Record<string, Json>>, text: string, { world, clock }: EngineService): ExecutionRow => {
  const base = `arn:aws:states:${world.region}:${world.account}`;
  const name = world.newId();
  return {
    executionArn: `${base}:express:${NAME}:${name}`,
    stateMachineArn: `${base}:stateMachine:${NAME}`,
    name,
    type: 'EXPRESS',
    definition: '',
    path: [],
    input: text,
    roleArn: textOf(input, 'roleArn') ?? '',
    startedAt: clock.now(),
    status: 'RUNNING',
    events: 0,
    threads: 0,
    redrives: 0,
  };
};

/** Takes the state's turns until it is left, or is to be tried again. */
async function run(execution: Execution, { world, runtime }: EngineService): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let wakes: Wake[] = [{ thread: ROOT, signal: { kind: 'start' } }];
  while (wakes.length > 0) {
    wakes = await advance(execution, wakes, world);
    events.push(...dirtyOf(execution).events.splice(0));
    const wait = execution.threads.get(ROOT)?.wait;
    if (wait?.kind === 'timer' && !wait.retry) wakes = [{ thread: ROOT, signal: { kind: 'timer' } }];
    if (wait?.kind === 'task') wakes = await answered(execution, runtime.tasks.services);
  }
  return events;
}

async function answered(execution: Execution, services: TaskServices): Promise<Wake[]> {
  const thread = execution.threads.get(ROOT)!;
  const wait = thread.wait;
  if (wait?.kind !== 'task') return [];
  const { signal: abort } = new AbortController();
  const signal = await integrationOf(wait.resource).dispatch(
    { execution, thread, wait, parameters: parametersOf(thread, wait), signal: abort },
    services,
  );
  return signal ? [{ thread: ROOT, signal }] : [];
}

function answer(execution: Execution, events: readonly HistoryEvent[]): Json {
  const { row, threads } = execution;
  const left = events.find(({ type }) => type.endsWith('StateExited'));
  const output = (left?.stateExitedEventDetails as { output?: string } | undefined)?.output;
  const entered = events.filter(({ type }) => type.endsWith('StateEntered'));
  const nextState = (entered[1]?.stateEnteredEventDetails as { name?: string } | undefined)?.name;
  const failed = events.find(({ type }) => /(?:Failed|TimedOut)$/.test(type) && type !== 'ExecutionFailed');
  if (!failed && row.status === 'SUCCEEDED') return compact({ output, nextState, status: 'SUCCEEDED' });
  const { error, cause } = failed ? detailsOf(failed) : row;
  if (left && failed) return compact({ output, error, cause, nextState, status: 'CAUGHT_ERROR' });
  const retried = threads.get(ROOT)?.wait?.kind === 'timer';
  return compact({ error: error ?? row.error, cause: cause ?? row.cause, status: retried ? 'RETRIABLE' : 'FAILED' });
}

const detailsOf = (event: HistoryEvent): { error?: string; cause?: string } =>
  (Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1] ?? {}) as { error?: string };
