import type { Entities, Kind } from './domain/entities.ts';
import type { DomainEvent, EventBridgeEvent } from './domain/events.ts';
import type { Change } from './domain/transition.ts';

/**
 * The one place where state is kept. It is what one DynamoDB table can do: items by kind and id, writes on condition of the version that was read,
 * transactions of at most 100 items (an entity and each of its events are one item apiece), and queries of one index partition in sort order.
 */
export interface Store {
  get<K extends Kind>(kind: K, id: string): Promise<Entities[K] | undefined>;
  query<K extends Kind>(kind: K, query: Query<K>): Promise<Page<Entities[K]>>;
  /** Writes all changes with their events, or nothing. Throws ConflictError when an entity is no longer at the version that was read. */
  transact(changes: readonly Change[], removals?: readonly Removal[]): Promise<void>;
}

export interface Removal {
  readonly kind: Kind;
  readonly entity: { readonly id: string; readonly version: number };
}

export interface Query<K extends Kind> {
  readonly index: keyof (typeof INDEXES)[K] & string;
  readonly partition: string;
  /** `next` of an earlier page. */
  readonly after?: string;
  /** Rows at most; 1,000 unless told. */
  readonly limit?: number;
  /** From the last row to the first. */
  readonly reverse?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent on the last. It is a position in the index, so rows that come and go shift nothing. */
  readonly next?: string;
}

/** Another writer was first. Read again, decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** DynamoDB's limit for TransactWriteItems. */
export const MAX_TRANSACTION_ITEMS = 100;

interface IndexRow {
  readonly partition: string;
  readonly sort: string;
}

type Indexes = { readonly [K in Kind]: Readonly<Record<string, (entity: Entities[K]) => IndexRow | undefined>> };

/** Times sort as text when they have one length. */
const sortable = (ms: number) => String(Math.max(0, Math.trunc(ms))).padStart(15, '0');

/** Sparse indexes: a row is there while its function answers one. At most two a kind, so that two overloaded GSIs hold them all. */
export const INDEXES = {
  Connector: { all: ({ associatedOn }) => ({ partition: 'all', sort: sortable(associatedOn) }) },
  ConnectorRequest: { byConnector: ({ connectorId }) => ({ partition: connectorId, sort: '' }) },
  ConnectorPage: {},
  Baseline: {},
  ServerCatalog: {},
  Server: {
    all: () => ({ partition: 'all', sort: '' }),
    byAddress: ({ vmServer: { vmServerAddress: at } }) => ({ partition: `${at.vmManagerId}/${at.vmId}`, sort: '' }),
  },
  ReplicationJob: {
    all: ({ createdAt }) => ({ partition: 'all', sort: sortable(createdAt) }),
    byApp: ({ appId, createdAt }) => (appId ? { partition: appId, sort: sortable(createdAt) } : undefined),
  },
  ReplicationRun: {
    byJob: ({ replicationJobId, scheduledStartTime }) => ({
      partition: replicationJobId,
      sort: sortable(scheduledStartTime),
    }),
  },
  Transfer: {
    byState: ({ state }) => ({ partition: state, sort: '' }),
  },
  Image: {
    availableByJob: ({ state, replicationJobId, createdAt }) =>
      state === 'AVAILABLE' ? { partition: replicationJobId, sort: sortable(createdAt) } : undefined,
  },
  App: {
    all: ({ status, creationTime }) =>
      status === 'DELETED' ? undefined : { partition: 'all', sort: sortable(creationTime) },
    byImport: ({ status, importedAppId }) =>
      status === 'DELETED' || !importedAppId ? undefined : { partition: importedAppId, sort: '' },
  },
  ValidationConfiguration: {},
  Validation: { byApp: ({ appId }) => ({ partition: appId, sort: '' }) },
  Migration: { all: ({ startedAt }) => ({ partition: 'all', sort: sortable(startedAt) }) },
  AccessKey: { all: ({ createdAt }) => ({ partition: 'all', sort: sortable(createdAt) }) },
  ClientToken: {},
  Invocation: {},
  Usage: {},
} as const satisfies Indexes;

/** Events that were written and are to be published, in the order in which they were written. */
export interface Outbox {
  /** The events after `position` (0 is before the first), oldest first. */
  read(position: number, limit: number): Promise<readonly OutboxEntry[]>;
  /** The position up to which all events were published, by the reader of that name. */
  published(reader: string): Promise<number>;
  markPublished(reader: string, position: number): Promise<void>;
  /** Appends events that no entity wrote: those of callers (`PutEvents`). */
  append(events: readonly DomainEvent[]): Promise<void>;
  /** Calls `wake` after every commit that wrote events. */
  onAppend(wake: () => void): void;
}

export interface OutboxEntry {
  readonly position: number;
  readonly event: DomainEvent;
}

/** Receives every published event, at least once, in order. */
export type Subscriber = (event: EventBridgeEvent) => Promise<void>;

/** All rows of an index partition, a page at a time. */
export async function* eachPage<K extends Kind>(
  store: Store,
  kind: K,
  query: Query<K>,
): AsyncGenerator<readonly Entities[K][]> {
  let next: string | undefined;
  do {
    const page = await store.query(kind, { ...query, ...(next ? { after: next } : {}) });
    yield page.items;
    next = page.next;
  } while (next);
}
