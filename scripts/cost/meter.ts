import { subscribe } from 'node:diagnostics_channel';
import type { Entities, Kind } from '../../lib/domain/entities.ts';
import type { Change } from '../../lib/domain/transition.ts';
import { SqliteStore } from '../../lib/local/sqlite-store.ts';
import type { Target } from '../../lib/ports.ts';
import { INDEXES, type Query, type Removal } from '../../lib/store.ts';
import { ruleOf } from '../../lib/workflows/rules.ts';

/** What a migration used, in the units that AWS charges for. */
export interface Usage {
  writeUnits: number;
  readUnits: number;
  /** Transactions that wrote events: each may come as a batch of its own to the function that publishes them. */
  publishedBatches: number;
  events: number;
  /** Events for which the function that starts workflows is invoked. */
  matchedEvents: number;
  apiCalls: number;
  blockPuts: number;
  blockGets: number;
  objectPuts: number;
}

export const usage: Usage = {
  writeUnits: 0,
  readUnits: 0,
  publishedBatches: 0,
  events: 0,
  matchedEvents: 0,
  apiCalls: 0,
  blockPuts: 0,
  blockGets: 0,
  objectPuts: 0,
};

/** Bytes of an item beside its document: keys, version, names of attributes. An estimate. */
const ITEM_OVERHEAD = 150;
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '') + ITEM_OVERHEAD;

/** Counts what every store of this process would have used of DynamoDB, and the calls of the SMS API. For a recording: it changes the class itself. */
export function meterProcess() {
  const { get, query, transact } = SqliteStore.prototype;
  SqliteStore.prototype.get = async function <K extends Kind>(this: SqliteStore, kind: K, id: string) {
    const entity = (await get.call(this, kind, id)) as Entities[K] | undefined;
    usage.readUnits += Math.ceil(bytesOf(entity) / 4_096);
    return entity;
  };
  SqliteStore.prototype.query = async function <K extends Kind>(this: SqliteStore, kind: K, input: Query<K>) {
    const page = await query.call(this, kind, input as never);
    // An index is read with eventual consistency, at half the price.
    usage.readUnits += Math.max(1, Math.ceil(page.items.reduce((sum, item) => sum + bytesOf(item), 0) / 4_096)) / 2;
    return page as never;
  };
  SqliteStore.prototype.transact = async function (changes: readonly Change[], removals: readonly Removal[] = []) {
    await transact.call(this, changes, removals);
    for (const change of changes) countWrite(change);
    usage.writeUnits += 2 * removals.length;
    if (changes.some(({ events }) => events.length > 0)) usage.publishedBatches++;
  };
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: { headers: Record<string, string | undefined> } };
    if (request.headers['x-amz-target']?.startsWith('AWSServerMigrationService')) usage.apiCalls++;
  });
}

/** A transactional write costs two units a KB, each index one. */
function countWrite({ kind, entity, events }: Change) {
  const units = Math.ceil(bytesOf(entity) / 1_024);
  usage.writeUnits += (2 + Object.keys(INDEXES[kind]).length) * units;
  for (const event of events) {
    usage.writeUnits += 2 * Math.ceil(bytesOf(event) / 1_024);
    usage.events++;
    if (ruleOf(event)) usage.matchedEvents++;
  }
}

/** The target, with its calls counted. */
export const metered = (target: Target): Target => ({
  ...target,
  snapshots: {
    ...bound(target.snapshots),
    put: (...args) => {
      usage.blockPuts++;
      return target.snapshots.put(...args);
    },
    read: (...args) => {
      usage.blockGets++;
      return target.snapshots.read(...args);
    },
  },
  objects: {
    ...target.objects,
    put: (...args) => {
      usage.objectPuts++;
      return target.objects.put(...args);
    },
  },
});

/** The port's methods as they stand in an object of their own, whatever class they come from. */
const bound = (snapshots: Target['snapshots']): Target['snapshots'] => ({
  start: (spec) => snapshots.start(spec),
  put: (...args) => snapshots.put(...args),
  complete: (id, seal) => snapshots.complete(id, seal),
  state: (id) => snapshots.state(id),
  list: (id) => snapshots.list(id),
  changed: (first, second) => snapshots.changed(first, second),
  read: (...args) => snapshots.read(...args),
  remove: (id) => snapshots.remove(id),
});
