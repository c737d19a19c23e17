import type { Json } from '../../json.ts';
import type { MapState } from '../language/definition.ts';
import { renderJsonata } from '../language/jsonata.ts';
import { renderTemplate } from '../language/template.ts';
import { inputOf } from '../processing.ts';
import { isJsonata, type Step, scopeOf } from '../step.ts';

interface Batcher {
  readonly MaxItemsPerBatch?: number;
  readonly MaxInputBytesPerBatch?: number;
  readonly BatchInput?: Json;
}

/** The inputs of the children: the items, or batches of them where ItemBatcher asks for that. */
export async function batched(step: Step<MapState>, items: Json[]): Promise<Json[]> {
  const { ItemBatcher } = step.state as { ItemBatcher?: Batcher };
  if (!ItemBatcher) return items;
  const { BatchInput } = ItemBatcher;
  const shared: { [key: string]: Json } =
    BatchInput === undefined ? {} : { BatchInput: await rendered(step, BatchInput) };
  return groups(items, ItemBatcher).map((Items) => ({ ...shared, Items }));
}

const rendered = async (step: Step<MapState>, template: Json): Promise<Json> =>
  isJsonata(step)
    ? renderJsonata(template, scopeOf(step, step.thread.input), 'ItemBatcher/BatchInput')
    : renderTemplate(template, scopeOf(step, inputOf(step)));

function groups(items: readonly Json[], { MaxItemsPerBatch, MaxInputBytesPerBatch }: Batcher): Json[][] {
  const most = MaxItemsPerBatch ?? Number.POSITIVE_INFINITY;
  const room = MaxInputBytesPerBatch ?? Number.POSITIVE_INFINITY;
  const all: Json[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    const last = all.at(-1);
    if (!last || last.length >= most || bytes + size > room) {
      all.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return all;
}
