import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { sha256 } from '../replication/digest.ts';
import {
  BLOCK_SIZE,
  ChecksumMismatchError,
  IncompleteSnapshotError,
  type SnapshotSpec,
  SnapshotStateError,
  type Snapshots,
} from '../snapshots.ts';

/**
 * `block` is the content store: each digest once, in a slot of a pack file. `manifest` says which digest stands where in which snapshot; a completed
 * snapshot's manifest is whole, what it inherited included (`own = 0`).
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS snapshot (
    id TEXT PRIMARY KEY, token TEXT UNIQUE NOT NULL, spec TEXT NOT NULL, parent TEXT, state TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS block (
    digest BLOB PRIMARY KEY, pack TEXT NOT NULL, slot INTEGER NOT NULL, uses INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS block_of_pack ON block (pack);
  CREATE TABLE IF NOT EXISTS manifest (
    snapshot TEXT, idx INTEGER, digest BLOB NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (snapshot, idx)) WITHOUT ROWID;
`;

type Row = Record<string, unknown>;

/**
 * Snapshots in one folder: content-addressed blocks of 512 KiB in pack files, their places in SQLite.
 *
 * What a process writes survives its own death; it survives the machine's once the snapshot is complete: `complete` syncs every pack that was written
 * before it commits. A pending snapshot's blocks are read and hashed again when the folder is opened, and those that did not reach the disk are dropped.
 */
export class FileSnapshots implements Snapshots {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #packs = new Map<string, { file: FileHandle; slots: number }>();
  readonly #unsynced = new Set<string>();
  /** Digests on their way into a pack, so that equal blocks that arrive together are written once. */
  readonly #writing = new Map<string, Promise<void>>();

  private constructor(folder: string) {
    mkdirSync(join(folder, 'packs'), { recursive: true });
    this.#folder = folder;
    this.#database = new DatabaseSync(join(folder, 'snapshots.db'));
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
    this.#database.exec(SCHEMA);
  }

  static async open(folder: string): Promise<FileSnapshots> {
    const snapshots = new FileSnapshots(folder);
    await snapshots.#recheckPending();
    return snapshots;
  }

  async close() {
    for (const { file } of this.#packs.values()) await file.close();
    this.#packs.clear();
    this.#database.close();
  }

  async start(spec: SnapshotSpec): Promise<{ id: string }> {
    const text = JSON.stringify(spec);
    const known = this.#row('SELECT id, spec FROM snapshot WHERE token = ?', spec.token);
    if (known && known.spec !== text)
      throw new SnapshotStateError(`token ${spec.token} belongs to snapshot ${known.id} with another specification`);
    if (known) return { id: known.id as string };
    if (spec.parent && (await this.state(spec.parent)) !== 'completed') {
      throw new SnapshotStateError(
        `parent ${spec.parent} is not a completed snapshot; start without a parent for a full copy`,
      );
    }
    const id = `snap-${randomBytes(9).toString('hex').slice(0, 17)}`;
    this.#sql('INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)').run(id, spec.token, text, spec.parent ?? null, 'pending');
    return { id };
  }

  async put(
    id: string,
    { index, data, sha256: expected }: { index: number; data: Buffer; sha256: Buffer },
  ): Promise<void> {
    this.#demand(id, 'pending');
    if (data.length !== BLOCK_SIZE)
      throw new ChecksumMismatchError(`block ${index} of ${id} has ${data.length} bytes; a block has ${BLOCK_SIZE}`);
    if (!(await sha256(data)).equals(expected))
      throw new ChecksumMismatchError(`block ${index} of ${id} does not have the SHA-256 that was given`);
    // A removal may take the block between the two: then it is kept anew.
    do await this.#keep(id, data, expected);
    while (!this.#transaction(() => this.#record(id, index, expected)));
  }

  async complete(id: string, { written, linear }: { written: number; linear: Buffer }): Promise<void> {
    if ((await this.state(id)) === 'completed') return;
    this.#demand(id, 'pending');
    const hash = createHash('sha256');
    let count = 0;
    for (const row of this.#sql('SELECT digest FROM manifest WHERE snapshot = ? AND own = 1 ORDER BY idx').iterate(
      id,
    )) {
      hash.update(row.digest as Uint8Array);
      count++;
    }
    if (count !== written || !hash.digest().equals(linear)) {
      throw new IncompleteSnapshotError(
        `snapshot ${id} holds ${count} blocks, ${written} were announced, or their checksum differs; copy it again`,
      );
    }
    await this.#syncPacks();
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#transaction(() => this.#inheritAndSeal(id));
    this.#database.exec('PRAGMA synchronous = NORMAL');
  }

  async state(id: string) {
    return this.#row('SELECT state FROM snapshot WHERE id = ?', id)?.state as 'pending' | 'completed' | undefined;
  }

  async *list(id: string) {
    for (const row of this.#sql('SELECT idx FROM manifest WHERE snapshot = ? ORDER BY idx').all(id))
      yield { index: row.idx as number };
  }

  async read(id: string, index: number): Promise<Buffer> {
    this.#demand(id, 'completed');
    const row = this.#row(
      'SELECT b.pack, b.slot FROM manifest m JOIN block b USING (digest) WHERE m.snapshot = ? AND m.idx = ?',
      id,
      index,
    );
    return row ? this.#readSlot(row.pack as string, row.slot as number) : Buffer.alloc(BLOCK_SIZE);
  }

  async remove(id: string): Promise<void> {
    this.#transaction(() => {
      for (const { digest } of this.#sql('SELECT digest FROM manifest WHERE snapshot = ?').all(id))
        this.#release(digest as Uint8Array);
      this.#sql('DELETE FROM manifest WHERE snapshot = ?').run(id);
      this.#sql('DELETE FROM snapshot WHERE id = ?').run(id);
    });
    await this.#removeUnusedPacks();
  }

  /** The snapshots that bear this tag. */
  tagged(key: string, value: string): string[] {
    return this.#sql("SELECT id FROM snapshot WHERE json_extract(spec, '$.tags.' || ?) = ?")
      .all(key, value)
      .map(({ id }) => id as string);
  }

  /** Bytes of distinct blocks that the store holds. */
  storedBytes(): number {
    return (this.#row('SELECT count(*) AS blocks FROM block')!.blocks as number) * BLOCK_SIZE;
  }

  /** Sees that the content store has the block, writing it at most once. */
  async #keep(pack: string, data: Buffer, digest: Buffer) {
    const key = digest.toString('base64');
    const underWay = this.#writing.get(key);
    if (underWay) return underWay;
    if (this.#row('SELECT 1 FROM block WHERE digest = ?', digest)) return;
    const writing = this.#append(pack, data, digest).finally(() => this.#writing.delete(key));
    this.#writing.set(key, writing);
    return writing;
  }

  async #append(pack: string, data: Buffer, digest: Buffer) {
    const target = await this.#pack(pack);
    const slot = target.slots++;
    this.#unsynced.add(pack);
    await target.file.write(data, 0, BLOCK_SIZE, slot * BLOCK_SIZE);
    this.#sql('INSERT OR IGNORE INTO block VALUES (?, ?, ?, 0)').run(digest, pack, slot);
  }

  /** Notes the block in the snapshot's manifest; false when the content store does not have it (any more). */
  #record(id: string, index: number, digest: Buffer): boolean {
    if (this.#sql('UPDATE block SET uses = uses + 1 WHERE digest = ?').run(digest).changes === 0) return false;
    const before = this.#row('SELECT digest FROM manifest WHERE snapshot = ? AND idx = ?', id, index);
    this.#sql('INSERT INTO manifest VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET digest = excluded.digest').run(
      id,
      index,
      digest,
    );
    if (before) this.#sql('UPDATE block SET uses = uses - 1 WHERE digest = ?').run(before.digest as Uint8Array);
    return true;
  }

  #inheritAndSeal(id: string) {
    const { parent } = this.#row('SELECT parent FROM snapshot WHERE id = ?', id)!;
    if (parent) {
      this.#sql('INSERT OR IGNORE INTO manifest SELECT ?, idx, digest, 0 FROM manifest WHERE snapshot = ?').run(
        id,
        parent as string,
      );
      this.#sql(
        `UPDATE block SET uses = uses + inherited.times FROM
           (SELECT digest, count(*) AS times FROM manifest WHERE snapshot = ? AND own = 0 GROUP BY digest) AS inherited
         WHERE block.digest = inherited.digest`,
      ).run(id);
    }
    this.#sql("UPDATE snapshot SET state = 'completed' WHERE id = ?").run(id);
  }

  #release(digest: Uint8Array) {
    this.#sql('UPDATE block SET uses = uses - 1 WHERE digest = ?').run(digest);
  }

  async #removeUnusedPacks() {
    const unused = this.#sql(
      `SELECT pack FROM block GROUP BY pack HAVING sum(uses) = 0
       AND pack NOT IN (SELECT id FROM snapshot WHERE state = 'pending')`,
    ).all();
    for (const { pack } of unused as { pack: string }[]) {
      this.#sql('DELETE FROM block WHERE pack = ?').run(pack);
      await this.#packs.get(pack)?.file.close();
      this.#packs.delete(pack);
      this.#unsynced.delete(pack);
      await rm(this.#packPath(pack), { force: true });
    }
  }

  async #pack(name: string) {
    const known = this.#packs.get(name);
    if (known) return known;
    const file = await open(this.#packPath(name), 'a+').then((created) =>
      created.close().then(() => open(this.#packPath(name), 'r+')),
    );
    const slots = Math.ceil((await file.stat()).size / BLOCK_SIZE);
    const raced = this.#packs.get(name);
    if (raced) {
      await file.close();
      return raced;
    }
    const pack = { file, slots };
    this.#packs.set(name, pack);
    return pack;
  }

  #packPath = (name: string) => join(this.#folder, 'packs', `${name}.pack`);

  async #readSlot(pack: string, slot: number): Promise<Buffer> {
    const data = Buffer.allocUnsafe(BLOCK_SIZE);
    const { file } = await this.#pack(pack);
    const { bytesRead } = await file.read(data, 0, BLOCK_SIZE, slot * BLOCK_SIZE);
    return data.subarray(0, bytesRead);
  }

  async #syncPacks() {
    for (const name of [...this.#unsynced]) {
      await (await this.#pack(name)).file.datasync();
      this.#unsynced.delete(name);
    }
  }

  /** Blocks in packs of snapshots that were pending when the last process ended: those whose bytes are not theirs never reached the disk. */
  async #recheckPending() {
    const pending = this.#sql(
      "SELECT b.digest, b.pack, b.slot FROM block b JOIN snapshot s ON s.id = b.pack WHERE s.state = 'pending'",
    ).all();
    for (const { digest, pack, slot } of pending as { digest: Uint8Array; pack: string; slot: number }[]) {
      this.#unsynced.add(pack);
      const data = await this.#readSlot(pack, slot);
      if ((await sha256(data)).equals(digest)) continue;
      this.#sql('DELETE FROM manifest WHERE digest = ?').run(digest);
      this.#sql('DELETE FROM block WHERE digest = ?').run(digest);
    }
  }

  #demand(id: string, state: 'pending' | 'completed') {
    const found = this.#row('SELECT state FROM snapshot WHERE id = ?', id)?.state;
    if (found !== state)
      throw new SnapshotStateError(found ? `snapshot ${id} is ${found}, not ${state}` : `no snapshot ${id}`);
  }

  #transaction<T>(run: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #row(text: string, ...values: (string | number | Uint8Array)[]): Row | undefined {
    return this.#sql(text).get(...values) as Row | undefined;
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}
