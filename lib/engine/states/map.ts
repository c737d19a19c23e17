import type { Json } from '../../json.ts';
import { boundedText } from '../data-limit.ts';
import { type JoinWait, processorOf } from '../execution.ts';
import { dropItems, putItems, startChild } from '../join.ts';
import type { MapState } from '../language/definition.ts';
import { evaluatePath } from '../language/json-path.ts';
import { renderJsonata } from '../language/jsonata.ts';
import { StateError } from '../language/state-error.ts';
import { renderTemplate } from '../language/template.ts';
import { inputOf, integerOf, withResult } from '../processing.ts';
import { emit, isJsonata, remark, type StateType, type Step, scopeOf, WAITING } from '../step.ts';
import { distributedMap } from './distributed-map.ts';

type MapStep = Step<MapState>;

const isDistributed = ({ state }: MapStep) =>
  (processorOf(state) as { ProcessorConfig?: { Mode?: string } }).ProcessorConfig?.Mode === 'DISTRIBUTED';

/** Runs its states for every item; its result is the list of their outputs. */
export const map: StateType<MapState> = {
  enter: (step) => (isDistributed(step) ? distributedMap.enter(step) : enter(step)),
  resume(step, signal) {
    if (isDistributed(step)) return distributedMap.resume!(step, signal);
    if (signal.kind === 'childFailed') return { kind: 'error', error: signal.error, cause: signal.cause };
    return resume(step);
  },
};

async function enter(step: MapStep) {
  const { thread, world } = step;
  const items = await itemsOf(step);
  const asked = await integerOf(step, 'MaxConcurrency');
  emit(step, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
  putItems(step, items);
  const nonce = world.newId();
  const most = Math.min(asked || Number.POSITIVE_INFINITY, world.limits.inlineMapConcurrency);
  thread.wait = { kind: 'join', nonce, total: items.length, done: 0, failed: 0, next: 0, most };
  return resume(step);
}

/** Starts as many iterations as may run, or ends when all are done. */
async function resume(step: MapStep) {
  const { thread, execution } = step;
  const items = execution.items.get(thread.id)!;
  const join = thread.wait as JoinWait;
  if (join.done === join.total) {
    const outputs = items.map(({ output }) => output!);
    dropItems(step);
    remark(step, 'MapStateSucceeded');
    return withResult(step, outputs);
  }
  let { next } = join;
  for (; next < join.total && next - join.done < join.most; next++)
    await startIteration(step, { index: next, value: items[next]!.input! });
  thread.wait = { ...join, next };
  return WAITING;
}

async function startIteration(step: MapStep, { index, value }: { index: number; value: Json }) {
  const { thread } = step;
  const item = { Index: index, Value: value };
  const input = await selected(step, item);
  const firstEvent = remark(step, 'MapIterationStarted', {
    mapIterationStartedEventDetails: { index, name: thread.state },
  });
  startChild(step, { index, path: [...thread.path, thread.state, 0], input, item, firstEvent });
}

/** The items that the state goes through. */
export async function itemsOf(step: MapStep): Promise<Json[]> {
  const { ItemsPath, Items } = step.state as { ItemsPath?: string; Items?: Json };
  if (isJsonata(step)) return jsonataItems(step, Items);
  const input = inputOf(step);
  const items = ItemsPath === undefined ? input : evaluatePath(ItemsPath, scopeOf(step, input));
  if (Array.isArray(items)) return items;
  throw new StateError('States.Runtime', `Reference path "${ItemsPath ?? '$'}" must point to array.`);
}

async function jsonataItems(step: MapStep, Items: Json | undefined): Promise<Json[]> {
  const { input } = step.thread;
  const items = Items === undefined ? input : await renderJsonata(Items, scopeOf(step, input), 'Items');
  if (Array.isArray(items)) return items;
  if (Items === undefined)
    throw new StateError(
      'States.QueryEvaluationError',
      `Map state input must be an array but was: ${JSON.stringify(items)}`,
    );
  const expression = String(Items).replace(/^\{%\s*|\s*%\}$/g, '');
  const type = items === null ? 'null' : typeof items;
  throw new StateError(
    'States.QueryEvaluationError',
    `The JSONata expression '${expression}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was '${type}' for value: ${JSON.stringify(items)}`,
  );
}

/** The input of an iteration: the item, or what ItemSelector makes of it; Parameters is the selector's older name. */
export async function selected(step: MapStep, item: { Index: number; Value: Json }): Promise<Json> {
  const { ItemSelector, Parameters } = step.state as { ItemSelector?: Json; Parameters?: Json };
  const selector = ItemSelector ?? Parameters;
  if (selector === undefined) return item.Value;
  const itemStep = { ...step, thread: { ...step.thread, item } };
  const input = isJsonata(step)
    ? await renderJsonata(selector, scopeOf(itemStep, step.thread.input), 'ItemSelector')
    : renderTemplate(selector, scopeOf(itemStep, inputOf(step)));
  boundedText(input, step.thread.state, step.world.limits);
  return input;
}
