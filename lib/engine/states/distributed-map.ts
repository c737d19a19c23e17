/**
 * A Map whose items run as executions of their own, in a Map Run. The children begin in the same transaction as the turn that starts them; that they
 * have ended is told to the parent afterwards, and looked up by recovery, so that no result is lost and none is taken twice.
 */
import type { Json } from '../../json.ts';
import type { ExecutionRow, Item, JoinWait, Signal } from '../execution.ts';
import { dirtyOf, processorOf } from '../execution.ts';
import { dropItems, putItems } from '../join.ts';
import type { MapState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { fieldOf, integerOf, notA, numberOf, withResult } from '../processing.ts';
import { emit, isJsonata, type Outcome, remark, type StateType, type Step, WAITING } from '../step.ts';
import type { MapRunRow, MapRunSettings } from '../store.ts';
import { batched } from './item-batches.ts';
import { itemsOf, selected } from './map.ts';

type MapStep = Step<MapState>;
type MapRunWait = JoinWait & { readonly mapRun: MapRunRow };

const THRESHOLD = {
  error: 'States.ExceedToleratedFailureThreshold',
  cause: 'The specified tolerated failure threshold was exceeded',
};

export const distributedMap: StateType<MapState> = {
  async enter(step) {
    const items = await itemsOf(step);
    const maxConcurrency = (await integerOf(step, 'MaxConcurrency')) ?? 0;
    emit(step, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
    const settings = { maxConcurrency, ...(await toleranceOf(step)) };
    const inputs: Json[] = [];
    for (const [Index, Value] of items.entries()) inputs.push(await selected(step, { Index, Value }));
    const { length: total } = putItems(step, await batched(step, inputs));
    const mapRun = newMapRun(step, { ...settings, total });
    emit(step, 'MapRunStarted', { mapRunStartedEventDetails: { mapRunArn: mapRun.mapRunArn } });
    const wait: MapRunWait = {
      kind: 'join',
      nonce: step.world.newId(),
      total,
      done: 0,
      failed: 0,
      next: 0,
      most: mostOf(step, mapRun),
      mapRun,
    };
    keep(step, wait);
    return proceed(step);
  },
  resume: (step, signal) => {
    if (signal.kind === 'tuned') tune(step, signal);
    else take(step, signal);
    return proceed(step);
  },
};

const waitOf = ({ thread }: MapStep) => thread.wait as MapRunWait;

/** How many children may run at once, here. */
const mostOf = ({ world }: MapStep, { maxConcurrency }: MapRunSettings) =>
  Math.min(maxConcurrency || world.limits.distributedMapDefault, world.limits.distributedMapConcurrency);

function keep({ execution, thread }: MapStep, wait: MapRunWait) {
  thread.wait = wait;
  dirtyOf(execution).mapRuns.add(wait.mapRun);
}

/** Takes the result of a child; one that was taken already changes nothing. */
function take(step: MapStep, signal: Signal) {
  if (signal.kind !== 'itemDone' && signal.kind !== 'itemFailed') return;
  const { execution, thread } = step;
  const item = execution.items.get(thread.id)![signal.index]!;
  if (item.output !== undefined || item.failed) return;
  if (signal.kind === 'itemDone') item.output = signal.output;
  else item.failed = true;
  dirtyOf(execution).items.add(item);
  const wait = waitOf(step);
  thread.wait = { ...wait, done: wait.done + 1, failed: wait.failed + (item.failed ? 1 : 0) };
}

/** Changes what UpdateMapRun can change. */
function tune(step: MapStep, { kind: _, nonce: __, ...settings }: Extract<Signal, { kind: 'tuned' }>) {
  const wait = waitOf(step);
  const mapRun = { ...wait.mapRun, ...settings };
  keep(step, { ...wait, mapRun, most: mostOf(step, mapRun) });
}

async function proceed(step: MapStep): Promise<Outcome> {
  const { thread, execution } = step;
  const wait = waitOf(step);
  const items = execution.items.get(thread.id)!;
  if (isExceeded(wait)) {
    end(step, 'FAILED');
    emit(step, 'MapRunFailed', { mapRunFailedEventDetails: THRESHOLD });
    return { kind: 'error', ...THRESHOLD };
  }
  if (wait.done === wait.total) {
    end(step, 'SUCCEEDED');
    const outputs = items.filter(({ failed }) => !failed).map(({ output }) => output!);
    dropItems(step);
    emit(step, 'MapRunSucceeded');
    remark(step, 'MapStateSucceeded');
    return withResult(step, outputs);
  }
  let { next } = wait;
  for (; next < wait.total && next - wait.done < wait.most; next++) begin(step, items[next]!);
  thread.wait = { ...wait, next };
  return WAITING;
}

/** Whether more children have failed than may: none may unless the state says so; with both a count and a share, neither may be exceeded. */
function isExceeded({ failed, total, mapRun }: MapRunWait): boolean {
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = mapRun;
  if (count === undefined && percentage === undefined) return failed > 0;
  return failed > (count ?? total) || (failed * 100) / total > (percentage ?? 100);
}

const labelOf = ({ state, thread }: MapStep) =>
  (state as { Label?: string }).Label ?? thread.state.replaceAll(/[^\w.-]/g, '').slice(0, 40);

function newMapRun(step: MapStep, settings: MapRunSettings & { total: number }): MapRunRow {
  const { execution, thread, world } = step;
  const { executionArn, stateMachineArn } = execution.row;
  const arn = `arn:aws:states:${world.region}:${world.account}:mapRun`;
  return {
    mapRunArn: `${arn}:${execution.stateMachineName}/${labelOf(step)}:${world.newId()}`,
    executionArn,
    stateMachineArn,
    thread: thread.id,
    startedAt: world.now(),
    status: 'RUNNING',
    succeeded: 0,
    failed: 0,
    aborted: 0,
    ...settings,
  };
}

function end(step: MapStep, status: 'SUCCEEDED' | 'FAILED') {
  const wait = waitOf(step);
  const { done, failed, total } = wait;
  const counts = { succeeded: done - failed, failed, aborted: total - done };
  keep(step, { ...wait, mapRun: { ...wait.mapRun, ...counts, status, stoppedAt: step.world.now() } });
}

/** Begins the child execution of an item. */
function begin(step: MapStep, item: Item) {
  const { execution, thread, world, state } = step;
  const { row, stateMachineName } = execution;
  const { mapRun, nonce } = waitOf(step);
  const name = world.newId();
  const child: ExecutionRow = {
    executionArn: `arn:aws:states:${world.region}:${world.account}:execution:${stateMachineName}/${labelOf(step)}:${name}`,
    stateMachineArn: `${row.stateMachineArn}/${labelOf(step)}`,
    name,
    type: processorOf(state).ProcessorConfig?.ExecutionType ?? 'STANDARD',
    definition: row.definition,
    path: [...thread.path, thread.state, 0],
    input: JSON.stringify(item.input),
    roleArn: row.roleArn,
    startedAt: world.now(),
    mapRunArn: mapRun.mapRunArn,
    parent: { executionArn: row.executionArn, thread: thread.id, nonce, index: item.index },
    item: { Index: item.index, Value: item.input! },
    status: 'RUNNING',
    events: 0,
    threads: 0,
    redrives: 0,
  };
  item.child = child.executionArn;
  dirtyOf(execution).items.add(item);
  dirtyOf(execution).begun.push(child);
}

/** How many children may fail. */
async function toleranceOf(step: MapStep): Promise<MapRunSettings> {
  const toleratedFailureCount = await integerOf(step, 'ToleratedFailureCount');
  const percentage = numberOf(await fieldOf(step, 'ToleratedFailurePercentage'));
  const count = toleratedFailureCount === undefined ? {} : { toleratedFailureCount };
  if (percentage === undefined) return count;
  if (typeof percentage !== 'number')
    throw notA(step, 'ToleratedFailurePercentage', { kind: 'float', value: percentage });
  if (percentage < 0 || percentage > 100)
    throw new StateError(
      isJsonata(step) ? 'States.QueryEvaluationError' : 'States.Runtime',
      'ToleratedFailurePercentage must be between 0 and 100.',
    );
  return { ...count, toleratedFailurePercentage: percentage };
}
