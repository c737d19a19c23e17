import type { Json } from '../../json.ts';
import { startChild } from '../join.ts';
import type { MapState } from '../language/definition.ts';
import { evaluatePath } from '../language/json-path.ts';
import { StateError } from '../language/state-error.ts';
import { renderTemplate } from '../language/template.ts';
import { contextOf, emit, outputOf, type StateType, type Step, scopeOf, WAITING } from '../step.ts';

/** AWS runs this many iterations of an inline Map at once, whatever MaxConcurrency says. */
const MAX_INLINE_CONCURRENCY = 40;

export const map: StateType<MapState> = {
  enter(step) {
    const items = itemsOf(step);
    emit(step, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
    if (items.length === 0) return succeeded(step, []);
    const first = Math.min(items.length, step.state.MaxConcurrency || MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY);
    step.thread.wait = { kind: 'join', outputs: items.map(() => null), done: 0, items, next: first };
    for (let index = 0; index < first; index++) startIteration(step, { index, items });
    return WAITING;
  },
  resume(step, signal) {
    if (signal.kind === 'childFailed') {
      emit(step, 'MapIterationFailed', {
        mapIterationFailedEventDetails: { name: step.thread.state, index: signal.index },
      });
      emit(step, 'MapStateFailed');
      throw new StateError(signal.error, signal.cause);
    }
    return succeeded(step, signal.kind === 'joined' ? [...signal.outputs] : []);
  },
};

function succeeded(step: Step<MapState>, outputs: Json[]) {
  emit(step, 'MapStateSucceeded');
  return outputOf(step, outputs);
}

function itemsOf(step: Step<MapState>): readonly Json[] {
  const { ItemsPath = '$' } = step.state;
  const items = evaluatePath(ItemsPath, scopeOf(step));
  if (Array.isArray(items)) return items;
  throw new StateError('States.Runtime', `Reference path "${ItemsPath}" must point to array.`);
}

/** Starts the iteration of that number with its item as input, or what ItemSelector makes of it. */
export function startIteration(step: Step<MapState>, { index, items }: { index: number; items: readonly Json[] }) {
  const item = { Index: index, Value: items[index]! };
  const { ItemSelector } = step.state;
  const context = { ...(contextOf(step) as object), Map: { Item: item } };
  const input = ItemSelector === undefined ? item.Value : renderTemplate(ItemSelector, { ...scopeOf(step), context });
  emit(step, 'MapIterationStarted', { mapIterationStartedEventDetails: { name: step.thread.state, index } });
  startChild(step, { index, input, item });
}
