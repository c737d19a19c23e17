import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Entities, Kind } from '../domain/entities.ts';
import type { DomainEvent } from '../domain/events.ts';
import type { Change, Sums } from '../domain/transition.ts';
import {
  ConflictError,
  INDEXES,
  MAX_TRANSACTION_ITEMS,
  type Outbox,
  type Page,
  type Query,
  type Removal,
  type Store,
} from '../store.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entity (
    kind TEXT, id TEXT, version INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entity_index (
    kind TEXT, name TEXT, part TEXT, sort TEXT, id TEXT, PRIMARY KEY (kind, name, part, sort, id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entity_index_of ON entity_index (kind, id, name);
  CREATE TABLE IF NOT EXISTS event (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS cursor (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
`;

const DEFAULT_LIMIT = 1_000;
/** Between the parts of a position in an index; no id and no sort key holds it. */
const SEPARATOR = '\u0000';

interface Waiting {
  changes: readonly Change[];
  removals: readonly Removal[];
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * The store in one SQLite file (WAL, every commit on disk before it is answered). Transactions that arrive in one turn of the event loop share a
 * commit, each behind a savepoint of its own, so that one that fails takes no other with it.
 */
export class SqliteStore implements Store, Outbox {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listeners: (() => void)[] = [];
  #waiting: Waiting[] = [];

  /** `file` may be `:memory:`. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
    this.#database.exec(SCHEMA);
  }

  close() {
    this.#flush();
    this.#database.close();
  }

  async get<K extends Kind>(kind: K, id: string): Promise<Entities[K] | undefined> {
    const row = this.#sql('SELECT data FROM entity WHERE kind = ? AND id = ?').get(kind, id);
    return row && (JSON.parse(row.data as string) as Entities[K]);
  }

  async query<K extends Kind>(
    kind: K,
    { index, partition, after, limit = DEFAULT_LIMIT, reverse = false }: Query<K>,
  ): Promise<Page<Entities[K]>> {
    const [sort, id] = after?.split(SEPARATOR) ?? [];
    const [order, beyond] = reverse ? ['DESC', '<'] : ['ASC', '>'];
    const rows = this.#sql(
      `SELECT i.sort, i.id, e.data FROM entity_index i JOIN entity e ON e.kind = i.kind AND e.id = i.id
       WHERE i.kind = ? AND i.name = ? AND i.part = ? ${after ? `AND (i.sort, i.id) ${beyond} (?, ?)` : ''}
       ORDER BY i.sort ${order}, i.id ${order} LIMIT ?`,
    ).all(kind, index, partition, ...(after ? [sort!, id!] : []), limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ data }) => JSON.parse(data as string) as Entities[K]),
      ...(rows.length > limit && last ? { next: `${last.sort}${SEPARATOR}${last.id}` } : {}),
    };
  }

  transact(changes: readonly Change[], removals: readonly Removal[] = []): Promise<void> {
    const items = changes.reduce((count, { events }) => count + 1 + events.length, removals.length);
    if (items > MAX_TRANSACTION_ITEMS) {
      return Promise.reject(new Error(`a transaction of ${items} items; at most ${MAX_TRANSACTION_ITEMS} are allowed`));
    }
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ changes, removals, resolve, reject });
    });
  }

  /** Forgets memories whose time is over: of client tokens and of calls. What DynamoDB does by itself. */
  forgetExpired(now: number) {
    this.#sql(
      "DELETE FROM entity WHERE kind IN ('ClientToken', 'Invocation', 'ConnectorRequest', 'ConnectorPage') AND json_extract(data, '$.expiresAt') < ?",
    ).run(now);
  }

  async read(position: number, limit: number) {
    const rows = this.#sql('SELECT position, body FROM event WHERE position > ? ORDER BY position LIMIT ?').all(
      position,
      limit,
    );
    return rows.map((row) => ({
      position: row.position as number,
      event: JSON.parse(row.body as string) as DomainEvent,
    }));
  }

  async published(reader: string) {
    const row = this.#sql('SELECT position FROM cursor WHERE name = ?').get(reader);
    return (row?.position as number | undefined) ?? 0;
  }

  async markPublished(reader: string, position: number) {
    this.#sql('INSERT INTO cursor VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position').run(
      reader,
      position,
    );
  }

  async append(events: readonly DomainEvent[]) {
    for (const event of events) this.#insertEvent(event);
    this.#wake();
  }

  onAppend(wake: () => void) {
    this.#listeners.push(wake);
  }

  #flush() {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const results: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const one of batch) results.push(this.#attempt(one));
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const result of results) result();
    this.#wake();
  }

  /** Writes one transaction behind a savepoint; answers what to tell its caller once the commit is on disk. */
  #attempt({ changes, removals, resolve, reject }: Waiting): () => void {
    this.#database.exec('SAVEPOINT one');
    try {
      for (const change of changes) this.#write(change);
      for (const removal of removals) this.#remove(removal);
      return resolve;
    } catch (error) {
      this.#database.exec('ROLLBACK TO one');
      return () => reject(error);
    } finally {
      this.#database.exec('RELEASE one');
    }
  }

  #write(change: Change) {
    if (change.sums) this.#add(change.sums, change);
    else this.#put(change);
    for (const event of change.events) this.#insertEvent(event);
  }

  #put({ kind, entity }: Change) {
    const data = JSON.stringify({ ...entity, version: entity.version + 1 });
    const { changes } =
      entity.version === 0
        ? this.#sql('INSERT OR IGNORE INTO entity VALUES (?, ?, 1, ?)').run(kind, entity.id, data)
        : this.#sql('UPDATE entity SET version = version + 1, data = ? WHERE kind = ? AND id = ? AND version = ?').run(
            data,
            kind,
            entity.id,
            entity.version,
          );
    if (changes !== 1) throw conflict(kind, entity.id);
    this.#index(kind, entity);
  }

  #add({ add, atMost = {} }: Sums, { kind, entity }: Change) {
    const row = this.#sql('SELECT data FROM entity WHERE kind = ? AND id = ?').get(kind, entity.id);
    const known = row ? (JSON.parse(row.data as string) as Change['entity']) : entity;
    const sums: Record<string, unknown> = { ...known, version: known.version + 1 };
    for (const [name, more] of Object.entries(add)) {
      const sum = Number(sums[name] ?? 0) + more;
      if (more > 0 && sum > (atMost[name] ?? Number.POSITIVE_INFINITY)) throw conflict(kind, entity.id);
      sums[name] = sum;
    }
    const data = JSON.stringify(sums);
    this.#sql('INSERT OR REPLACE INTO entity VALUES (?, ?, ?, ?)').run(kind, entity.id, known.version + 1, data);
  }

  #index(kind: Kind, entity: Change['entity']) {
    for (const [name, rowOf] of Object.entries(INDEXES[kind])) {
      const row = (rowOf as (entity: Change['entity']) => { partition: string; sort: string } | undefined)(entity);
      this.#sql('DELETE FROM entity_index WHERE kind = ? AND name = ? AND id = ?').run(kind, name, entity.id);
      if (row)
        this.#sql('INSERT INTO entity_index VALUES (?, ?, ?, ?, ?)').run(
          kind,
          name,
          row.partition,
          row.sort,
          entity.id,
        );
    }
  }

  #remove({ kind, entity }: Removal) {
    const { changes } = this.#sql('DELETE FROM entity WHERE kind = ? AND id = ? AND version = ?').run(
      kind,
      entity.id,
      entity.version,
    );
    if (changes !== 1) throw conflict(kind, entity.id);
    for (const name of Object.keys(INDEXES[kind])) {
      this.#sql('DELETE FROM entity_index WHERE kind = ? AND name = ? AND id = ?').run(kind, name, entity.id);
    }
  }

  #insertEvent(event: DomainEvent) {
    this.#sql('INSERT INTO event (id, body) VALUES (?, ?)').run(event.id, JSON.stringify(event));
  }

  #wake() {
    for (const listener of this.#listeners) listener();
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

const conflict = (kind: Kind, id: string) => new ConflictError(`${kind} ${id} was changed by another writer`);
