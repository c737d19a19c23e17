import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { bufferOf, type NewSnapshot, type Seal, type SnapshotRow, toSnapshot } from './snapshot-row.ts';

/**
 * `block`: what each slot of the packs holds; a slot without digest is free. `uses` counts
 *   - the snapshots whose manifest holds the digest at an index where their parent's manifest does not, index by index, and
 *   - the puts into pending snapshots.
 * So what a child inherits costs nothing to count, whatever the size of the disk. `durable` says that the bytes are known to have reached the disk.
 * `pending`: the puts of pending snapshots; a completed one has a manifest instead.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS snapshot (
    id TEXT PRIMARY KEY, token TEXT UNIQUE, spec TEXT NOT NULL, parent TEXT, lineage TEXT NOT NULL,
    state TEXT NOT NULL, touched_at INTEGER NOT NULL,
    written INTEGER, linear BLOB, released INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL DEFAULT 0, kms_key TEXT) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS snapshot_of_parent ON snapshot (parent);
  CREATE TABLE IF NOT EXISTS block (
    slot INTEGER PRIMARY KEY, digest BLOB UNIQUE, uses INTEGER NOT NULL, durable INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS block_at_risk ON block (slot) WHERE durable = 0;
  CREATE INDEX IF NOT EXISTS block_unused ON block (slot) WHERE uses = 0 AND digest IS NOT NULL;
  CREATE TABLE IF NOT EXISTS pending (
    snapshot TEXT, idx INTEGER, digest BLOB NOT NULL, PRIMARY KEY (snapshot, idx)) WITHOUT ROWID;
`;

/** Columns that stores of earlier versions lack. */
const ADDED = { started_at: 'INTEGER NOT NULL DEFAULT 0', kms_key: 'TEXT' };

export interface Put {
  readonly id: string;
  readonly index: number;
  readonly digest: Buffer;
  readonly at: number;
}

/** A put whose bytes have just been written into the slot, or, without one, of content that the store has. */
export interface NewPut extends Put {
  readonly slot?: number;
}

export type Noted = 'noted' | 'unknown' | 'closed';

/** By how much the uses of a digest change. */
export type Delta = readonly [digest: Buffer, by: number];

type Value = string | number | null | Uint8Array;

/** The tables of the snapshot store. Everything here is synchronous, each call one transaction. */
export class Catalog {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    // One process owns the store: slots are handed out from memory. NORMAL: what a killed process committed is kept; `durably` waits for the disk.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    // A checkpoint syncs, and all wait for it: one per GiB copied, not ten. The log then has 64 MiB at most.
    this.#database.exec('PRAGMA wal_autocheckpoint = 16384');
    this.#database.exec(SCHEMA);
    const columns = this.#sql('PRAGMA table_info(snapshot)').all();
    for (const [name, type] of Object.entries(ADDED))
      if (!columns.some((column) => column.name === name))
        this.#database.exec(`ALTER TABLE snapshot ADD COLUMN ${name} ${type}`);
  }

  close() {
    this.#database.close();
  }

  get(id: string): SnapshotRow | undefined {
    return toSnapshot(this.#sql('SELECT * FROM snapshot WHERE id = ?').get(id));
  }

  ofToken(token: string): SnapshotRow | undefined {
    return toSnapshot(this.#sql('SELECT * FROM snapshot WHERE token = ?').get(token));
  }

  children(id: string): SnapshotRow[] {
    return this.#sql('SELECT * FROM snapshot WHERE parent = ? ORDER BY id')
      .all(id)
      .map((row) => toSnapshot(row)!);
  }

  all(): SnapshotRow[] {
    return this.#sql('SELECT * FROM snapshot ORDER BY id')
      .all()
      .map((row) => toSnapshot(row)!);
  }

  add({ id, spec, lineage, startedAt, kmsKeyArn }: NewSnapshot): void {
    const values = [id, spec.token, JSON.stringify(spec), spec.parent ?? null, lineage, startedAt, startedAt];
    this.#durably(() => {
      this.#run(
        `INSERT INTO snapshot (id, token, spec, parent, lineage, state, touched_at, started_at, kms_key)
         VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?)`,
        ...values,
        kmsKeyArn ?? null,
      );
    });
  }

  pending(): SnapshotRow[] {
    return this.#sql("SELECT * FROM snapshot WHERE state = 'pending'")
      .all()
      .map((row) => toSnapshot(row)!);
  }

  /**
   * Notes puts, all in one transaction. Answers for each `noted`; `unknown` where it named no slot and the store does not have the content; or
   * `closed` where the snapshot takes no more blocks.
   */
  note(puts: readonly NewPut[]): Noted[] {
    return this.#transaction(() => {
      const closed = new Set<string>();
      for (const [id, at] of new Map(puts.map((put) => [put.id, put.at])))
        if (this.#run("UPDATE snapshot SET touched_at = ? WHERE id = ? AND state = 'pending'", at, id) === 0)
          closed.add(id);
      return puts.map((put) => (closed.has(put.id) ? 'closed' : this.#noteOne(put)));
    });
  }

  #noteOne({ id, index, digest, slot }: NewPut): Noted {
    if (slot !== undefined)
      this.#run(
        `INSERT INTO block VALUES (?, ?, 1, 0)
         ON CONFLICT (slot) DO UPDATE SET digest = excluded.digest, uses = 1, durable = 0`,
        slot,
        digest,
      );
    else if (this.#run('UPDATE block SET uses = uses + 1 WHERE digest = ?', digest) === 0) return 'unknown';
    if (this.#run('INSERT OR IGNORE INTO pending VALUES (?, ?, ?)', id, index, digest) === 0)
      this.#rewrite({ id, index, digest });
    return 'noted';
  }

  #rewrite({ id, index, digest }: Pick<Put, 'id' | 'index' | 'digest'>) {
    const before = this.#sql('SELECT digest FROM pending WHERE snapshot = ? AND idx = ?').get(id, index)!;
    this.#run('UPDATE pending SET digest = ? WHERE snapshot = ? AND idx = ?', digest, id, index);
    this.#run('UPDATE block SET uses = uses - 1 WHERE digest = ?', before.digest as Uint8Array);
  }

  /** The puts into a pending snapshot, in ascending order, from index `first` up to, not including, `end`. */
  puts(id: string, first: number, end: number): { index: number; digest: Buffer }[] {
    return this.#sql('SELECT idx, digest FROM pending WHERE snapshot = ? AND idx >= ? AND idx < ? ORDER BY idx')
      .all(id, first, end)
      .map(({ idx, digest }) => ({ index: idx as number, digest: bufferOf(digest) }));
  }

  /** Makes the snapshot completed, durably. Returns the slots that fell free. */
  complete(id: string, { written, linear }: Seal, deltas: Iterable<Delta>): number[] {
    return this.#durably(() => {
      this.#run('DELETE FROM pending WHERE snapshot = ?', id);
      this.#run("UPDATE snapshot SET state = 'completed', written = ?, linear = ? WHERE id = ?", written, linear, id);
      this.#count(deltas);
      return this.#collect();
    });
  }

  /** The snapshot is gone for everybody, durably; what it used is released step by step. Its token is free. */
  markRemoved(id: string): void {
    this.#durably(() => {
      this.#run("UPDATE snapshot SET state = 'removed', token = NULL WHERE id = ?", id);
    });
  }

  /** One step of a removal: all is counted as if the blocks before `released` were no longer there. */
  release(id: string, released: number, deltas: Iterable<Delta>): void {
    this.#transaction(() => {
      this.#count(deltas);
      this.#run('UPDATE snapshot SET released = ? WHERE id = ?', released, id);
    });
  }

  /** The last step of a removal, durable: children have the grandparent. Returns the slots that fell free. */
  forget({ id, parent }: SnapshotRow): number[] {
    return this.#durably(() => {
      for (const { digest } of this.#sql('SELECT digest FROM pending WHERE snapshot = ?').all(id))
        this.#run('UPDATE block SET uses = uses - 1 WHERE digest = ?', digest as Uint8Array);
      this.#run('DELETE FROM pending WHERE snapshot = ?', id);
      this.#run('UPDATE snapshot SET parent = ? WHERE parent = ?', parent ?? null, id);
      this.#run('DELETE FROM snapshot WHERE id = ?', id);
      return this.#collect();
    });
  }

  slotOf(digest: Uint8Array): number | undefined {
    return this.#sql('SELECT slot FROM block WHERE digest = ?').get(digest)?.slot as number | undefined;
  }

  freeSlots(): number[] {
    return this.#sql('SELECT slot FROM block WHERE digest IS NULL')
      .all()
      .map(({ slot }) => slot as number);
  }

  /** The first slot behind all that were ever used. */
  endOfSlots(): number {
    return this.#sql('SELECT coalesce(max(slot) + 1, 0) AS slot FROM block').get()!.slot as number;
  }

  /** Whether any slot from `first` up to, not including, `end` holds a block. */
  holdsAny(first: number, end: number): boolean {
    const sql = 'SELECT 1 FROM block WHERE slot >= ? AND slot < ? AND digest IS NOT NULL LIMIT 1';
    return this.#sql(sql).get(first, end) !== undefined;
  }

  /** All blocks, or those that may not have reached the disk. */
  blocks(which: 'all' | 'at risk' = 'all'): { slot: number; digest: Buffer; uses: number }[] {
    const condition = which === 'all' ? 'digest IS NOT NULL' : 'durable = 0';
    return this.#sql(`SELECT slot, digest, uses FROM block WHERE ${condition} ORDER BY slot`)
      .all()
      .map(({ slot, digest, uses }) => ({ slot: slot as number, digest: bufferOf(digest), uses: uses as number }));
  }

  countBlocks(): number {
    return this.#sql('SELECT count(*) AS blocks FROM block WHERE digest IS NOT NULL').get()!.blocks as number;
  }

  markDurable(blocks: Iterable<{ slot: number; digest: Buffer }>): void {
    this.#transaction(() => {
      for (const { slot, digest } of blocks)
        this.#run('UPDATE block SET durable = 1 WHERE slot = ? AND digest = ?', slot, digest);
    });
  }

  /** Forgets a block whose bytes never reached the disk, and the puts of it. */
  drop({ slot, digest }: { slot: number; digest: Buffer }): void {
    this.#durably(() => {
      this.#run('DELETE FROM pending WHERE digest = ?', digest);
      this.#run('UPDATE block SET digest = NULL, uses = 0, durable = 1 WHERE slot = ?', slot);
    });
  }

  #count(deltas: Iterable<Delta>) {
    for (const [digest, by] of deltas) this.#run('UPDATE block SET uses = uses + ? WHERE digest = ?', by, digest);
  }

  #collect(): number[] {
    const freed = this.#sql(
      'UPDATE block SET digest = NULL, durable = 1 WHERE uses = 0 AND digest IS NOT NULL RETURNING slot',
    ).all();
    return freed.map(({ slot }) => slot as number);
  }

  /** A transaction that is on the disk when it returns. */
  #durably<T>(run: () => T): T {
    this.#database.exec('PRAGMA synchronous = FULL');
    try {
      return this.#transaction(run);
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #transaction<T>(run: () => T): T {
    this.#sql('BEGIN IMMEDIATE').run();
    try {
      const result = run();
      this.#sql('COMMIT').run();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#sql('ROLLBACK').run();
      throw error;
    }
  }

  /** Runs a statement; answers how many rows it changed. */
  #run = (sql: string, ...values: Value[]): number => Number(this.#sql(sql).run(...values).changes);

  #sql(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
