/**
 * A Map whose items run as executions of their own, in a Map Run. The children begin in the same transaction as the turn that starts them; that they
 * have ended is told to the parent afterwards, and looked up by recovery, so that no result is lost and none is taken twice.
 */
import type { Json } from '../../json.ts';
import type { ExecutionRow, Failure, Item, JoinWait, Signal } from '../execution.ts';
import { dirtyOf, processorOf } from '../execution.ts';
import { dropItems, putItems } from '../join.ts';
import type { MapState } from '../language/definition.ts';
import { StateError } from '../language/state-error.ts';
import { fieldOf, integerOf, notA, numberOf, withResult } from '../processing.ts';
import { emit, isJsonata, type Outcome, remark, type StateType, type Step, WAITING } from '../step.ts';
import type { MapRunRow } from '../store.ts';
import { batched } from './item-batches.ts';
import { itemsOf, selected } from './map.ts';

type MapStep = Step<MapState>;

const THRESHOLD = {
  error: 'States.ExceedToleratedFailureThreshold',
  cause: 'The specified tolerated failure threshold was exceeded',
};

export const distributedMap: StateType<MapState> = {
  async enter(step) {
    const { thread, world, execution } = step;
    const items = await itemsOf(step);
    await integerOf(step, 'MaxConcurrency');
    emit(step, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
    const tolerated = await toleratedOf(step, items.length);
    const inputs: Json[] = [];
    for (const [Index, Value] of items.entries()) inputs.push(await selected(step, { Index, Value }));
    const batches = await batched(step, inputs);
    putItems(step, batches);
    const mapRunArn = `arn:aws:states:${world.region}:${world.account}:mapRun:${execution.stateMachineName}/${labelOf(step)}:${world.newId()}`;
    emit(step, 'MapRunStarted', { mapRunStartedEventDetails: { mapRunArn } });
    dirtyOf(execution).mapRuns.add(await newMapRun(step, { mapRunArn, total: batches.length, tolerated }));
    const nonce = world.newId();
    thread.wait = { kind: 'join', nonce, total: batches.length, done: 0, failed: 0, next: 0, mapRunArn, tolerated };
    return proceed(step);
  },
  resume: (step, signal) => {
    take(step, signal);
    return proceed(step);
  },
};

const labelOf = ({ state, thread }: MapStep) =>
  (state as { Label?: string }).Label ?? thread.state.replaceAll(/[^\w.-]/g, '').slice(0, 40);

/** Takes the result of a child; one that was taken already changes nothing. */
function take({ execution, thread }: MapStep, signal: Signal) {
  if (signal.kind !== 'itemDone' && signal.kind !== 'itemFailed') return;
  const item = execution.items.get(thread.id)![signal.index]!;
  if (item.output !== undefined || item.failed) return;
  const join = thread.wait as JoinWait;
  if (signal.kind === 'itemDone') item.output = signal.output;
  else item.failed = true;
  dirtyOf(execution).items.add(item);
  thread.wait = { ...join, done: join.done + 1, failed: join.failed + (item.failed ? 1 : 0) };
}

async function proceed(step: MapStep): Promise<Outcome> {
  const { thread, execution, world } = step;
  const join = thread.wait as JoinWait;
  if (join.failed > (join.tolerated ?? 0)) {
    endMapRun(step, join, 'FAILED');
    return exceeded(step, THRESHOLD);
  }
  const items = execution.items.get(thread.id)!;
  if (join.done === join.total) {
    endMapRun(step, join, 'SUCCEEDED');
    const outputs = items.filter(({ failed }) => !failed).map(({ output }) => output!);
    dropItems(step);
    emit(step, 'MapRunSucceeded');
    remark(step, 'MapStateSucceeded');
    return withResult(step, outputs);
  }
  const asked = (await integerOf(step, 'MaxConcurrency')) || Number.POSITIVE_INFINITY;
  const most = Math.min(asked, world.limits.distributedMapConcurrency);
  let { next } = join;
  for (; next < join.total && next - join.done < most; next++) begin(step, items[next]!, join);
  thread.wait = { ...join, next };
  return WAITING;
}

function exceeded(step: MapStep, { error, cause }: Failure): Outcome {
  emit(step, 'MapRunFailed', { mapRunFailedEventDetails: { error, cause } });
  return { kind: 'error', error, cause };
}

async function newMapRun(
  step: MapStep,
  { mapRunArn, total, tolerated }: { mapRunArn: string; total: number; tolerated: number },
): Promise<MapRunRow> {
  const { execution, thread, world } = step;
  const percentage = await fieldOf(step, 'ToleratedFailurePercentage');
  return {
    mapRunArn,
    executionArn: execution.row.executionArn,
    stateMachineArn: execution.row.stateMachineArn,
    thread: thread.id,
    startedAt: world.now(),
    status: 'RUNNING',
    maxConcurrency: (await integerOf(step, 'MaxConcurrency')) ?? 0,
    toleratedFailureCount: percentage === undefined ? tolerated : 0,
    toleratedFailurePercentage: Number(percentage ?? 0),
    total,
    succeeded: 0,
    failed: 0,
    aborted: 0,
  };
}

function endMapRun({ execution, thread, world }: MapStep, join: JoinWait, status: 'SUCCEEDED' | 'FAILED') {
  const { done, failed, total } = join;
  dirtyOf(execution).mapRuns.add({
    mapRunArn: join.mapRunArn!,
    executionArn: execution.row.executionArn,
    stateMachineArn: execution.row.stateMachineArn,
    thread: thread.id,
    startedAt: thread.enteredAt,
    stoppedAt: world.now(),
    status,
    maxConcurrency: 0,
    toleratedFailureCount: join.tolerated ?? 0,
    toleratedFailurePercentage: 0,
    total,
    succeeded: done - failed,
    failed,
    aborted: total - done,
  });
}

/** Begins the child execution of an item. */
function begin({ execution, thread, world, state }: MapStep, item: Item, join: JoinWait) {
  const { row, stateMachineName } = execution;
  const config = (processorOf(state) as { ProcessorConfig?: { ExecutionType?: string } }).ProcessorConfig;
  const label = join.mapRunArn!.split('/').at(-1)!.split(':')[0]!;
  const name = world.newId();
  const child: ExecutionRow = {
    executionArn: `arn:aws:states:${world.region}:${world.account}:execution:${stateMachineName}/${label}:${name}`,
    stateMachineArn: `${row.stateMachineArn}/${label}`,
    name,
    type: config?.ExecutionType === 'EXPRESS' ? 'EXPRESS' : 'STANDARD',
    definition: row.definition,
    path: [...thread.path, thread.state, 0],
    input: JSON.stringify(item.input),
    roleArn: row.roleArn,
    startedAt: world.now(),
    mapRunArn: join.mapRunArn!,
    parent: { executionArn: row.executionArn, thread: thread.id, nonce: join.nonce, index: item.index },
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

/** The number of children that may fail: none unless the state says so; the lower of two limits counts. */
async function toleratedOf(step: MapStep, items: number): Promise<number> {
  const count = await integerOf(step, 'ToleratedFailureCount');
  const percentage = numberOf(await fieldOf(step, 'ToleratedFailurePercentage'));
  if (percentage !== undefined && typeof percentage !== 'number')
    throw notA(step, 'ToleratedFailurePercentage', { kind: 'float', value: percentage });
  if (percentage !== undefined && (percentage < 0 || percentage > 100))
    throw new StateError(
      isJsonata(step) ? 'States.QueryEvaluationError' : 'States.Runtime',
      'ToleratedFailurePercentage must be between 0 and 100.',
    );
  if (count === undefined && percentage === undefined) return 0;
  const share = percentage === undefined ? Number.POSITIVE_INFINITY : Math.floor((items * percentage) / 100);
  return Math.min(count ?? Number.POSITIVE_INFINITY, share);
}
