import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DIGEST_SIZE, sha256 } from '../../replication/digest.ts';
import { BLOCK_SIZE, blocksOf } from '../../snapshots.ts';
import { CHUNK, Manifests } from './manifests.ts';
import { Packs } from './packs.ts';
import { bufferOf, type SnapshotRow, toSnapshot } from './snapshot-row.ts';
import { digestAt, isAbsent } from './uses.ts';

/** What was found in a snapshot store. */
export interface StoreReport {
  readonly snapshots: number;
  readonly pending: number;
  readonly blocks: number;
  /** Blocks whose bytes were read and hashed. */
  readonly hashed: number;
  /** Bytes in packs that no block uses. They are written again, or given back when the store is opened. */
  readonly spareBytes: number;
  /** What is wrong, one sentence each; nothing, it is to be hoped. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  /** Whether the bytes of all blocks are read, which takes a second per GiB. */
  readonly hash: boolean;
}

/** Blocks that are read and hashed at once. */
const READERS = 4;
/** Problems of one kind that are told one by one; a store that lost a pack would have hundreds. */
const MOST_TOLD = 20;

/**
 * Recounts a closed store from its files and changes nothing: each reference leads to a block, each block is used as often as the snapshots and puts
 * say and has its bytes, and nothing else is there. Memory does not grow with the store: the count is kept in a table that SQLite may put on the disk.
 */
export async function checkFileSnapshots(folder: string, options: CheckOptions): Promise<StoreReport> {
  const database = new DatabaseSync(join(folder, 'snapshots.db'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE;');
    database.exec('CREATE TEMP TABLE counted (digest BLOB PRIMARY KEY, uses INTEGER NOT NULL) WITHOUT ROWID');
    return await new Check(folder, database).run(options);
  } finally {
    database.close();
  }
}

class Check {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #snapshots: Map<string, SnapshotRow>;
  readonly #insert: StatementSync;
  readonly #problems = new Map<string, string[]>();

  constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
    this.#insert = database.prepare('INSERT INTO counted VALUES (?, 1) ON CONFLICT DO UPDATE SET uses = uses + 1');
    const rows = database.prepare('SELECT * FROM snapshot ORDER BY id').all();
    this.#snapshots = new Map(rows.map((row) => [row.id as string, toSnapshot(row)!]));
  }

  async run({ hash }: CheckOptions): Promise<StoreReport> {
    this.#checkDatabase();
    this.#checkNames();
    this.#database.exec('BEGIN');
    for (const snapshot of this.#snapshots.values()) await this.#countSnapshot(snapshot);
    this.#countPuts();
    this.#database.exec('COMMIT');
    this.#compareCounts();
    const hashed = hash ? await this.#hashBlocks() : 0;
    const snapshots = [...this.#snapshots.values()].filter(({ state }) => state !== 'removed');
    return {
      snapshots: snapshots.length,
      pending: snapshots.filter(({ state }) => state === 'pending').length,
      blocks: this.#one('SELECT count(*) FROM block WHERE digest IS NOT NULL'),
      hashed,
      spareBytes: this.#spareBytes(),
      problems: [...this.#problems.entries()].flatMap(([kind, told]) => shortened(kind, told)),
    };
  }

  #wrong(kind: string, problem: string) {
    const told = this.#problems.get(kind) ?? [];
    this.#problems.set(kind, told);
    told.push(problem);
  }

  #checkDatabase() {
    for (const { integrity_check: text } of this.#database.prepare('PRAGMA integrity_check').all())
      if (text !== 'ok') this.#wrong('database', `snapshots.db: ${text}`);
  }

  #checkNames() {
    for (const { id, parent, state } of this.#snapshots.values()) {
      if (parent !== undefined && !this.#snapshots.has(parent))
        this.#wrong('parents', `snapshot ${id} has the parent ${parent}, which is not there`);
      if (!['pending', 'completed', 'removed'].includes(state))
        this.#wrong('states', `snapshot ${id} is in the state ${state}, which there is not`);
    }
    for (const name of readdirSync(join(this.#folder, 'manifests')))
      if (!this.#snapshots.has(name)) this.#wrong('manifests', `the file manifests/${name} belongs to no snapshot`);
    for (const name of readdirSync(join(this.#folder, 'packs')))
      if (!Packs.isName(name) && !Packs.isGone(name)) this.#wrong('packs', `the file packs/${name} is no pack`);
  }

  /** Counts the blocks that the snapshot uses and its parent does not at the same place. */
  async #countSnapshot(snapshot: SnapshotRow) {
    const { id, state, spec } = snapshot;
    if (!this.#hasManifest(snapshot)) return;
    const manifests = new Manifests(join(this.#folder, 'manifests'));
    const blocks = blocksOf(spec.sizeGiB);
    for (let first = 0; first < blocks; first += CHUNK) {
      if (state === 'removed' && first < snapshot.released) continue;
      const own = await manifests.read(id, first);
      const above = await manifests.read(this.#parentAt(snapshot, first), first);
      if (own.equals(above)) continue;
      for (let position = 0; position < CHUNK; position++) {
        const digest = digestAt(own, position);
        if (!isAbsent(digest) && !digest.equals(digestAt(above, position))) this.#count(digest);
      }
    }
  }

  #hasManifest({ id, state, spec }: SnapshotRow): boolean {
    const path = join(this.#folder, 'manifests', id);
    const bytes = existsSync(path) ? statSync(path).size : 0;
    if (state === 'completed' && bytes !== blocksOf(spec.sizeGiB) * DIGEST_SIZE)
      this.#wrong(
        'manifests',
        `the manifest of ${id} has ${bytes} bytes instead of ${blocksOf(spec.sizeGiB) * DIGEST_SIZE}`,
      );
    return bytes > 0;
  }

  /** Whose manifest counts as the parent's at these blocks: a removal that was interrupted is done for those before `released`. */
  #parentAt({ parent }: SnapshotRow, first: number): string | undefined {
    const above = parent === undefined ? undefined : this.#snapshots.get(parent);
    if (!above) return undefined;
    return above.state === 'removed' && first < above.released ? this.#parentAt(above, first) : above.id;
  }

  #countPuts() {
    for (const { snapshot, digest } of this.#database.prepare('SELECT snapshot, digest FROM pending').iterate()) {
      if (!this.#snapshots.has(snapshot as string))
        this.#wrong('puts', `a put names snapshot ${snapshot}, which is not there`);
      this.#count(bufferOf(digest));
    }
  }

  #count(digest: Buffer) {
    this.#insert.run(digest);
  }

  #compareCounts() {
    const differing = `SELECT slot, b.uses AS noted, coalesce(c.uses, 0) AS counted FROM block b
      LEFT JOIN counted c USING (digest) WHERE digest IS NOT NULL AND b.uses <> coalesce(c.uses, 0)`;
    for (const { slot, noted, counted } of this.#database.prepare(differing).iterate())
      this.#wrong('uses', `the block in slot ${slot} is noted as used ${noted} times; it is used ${counted} times`);
    const lost = 'SELECT digest FROM counted WHERE digest NOT IN (SELECT digest FROM block WHERE digest IS NOT NULL)';
    for (const { digest } of this.#database.prepare(lost).iterate())
      this.#wrong(
        'lost',
        `block ${bufferOf(digest).toString('hex')} is used, and is not there; ${this.#usersOf(bufferOf(digest))}`,
      );
  }

  #usersOf(digest: Buffer): string {
    const row = this.#database.prepare('SELECT snapshot, idx FROM pending WHERE digest = ? LIMIT 1').get(digest);
    return row ? `pending snapshot ${row.snapshot} has it at ${row.idx}` : 'manifests name it';
  }

  async #hashBlocks(): Promise<number> {
    const packs = new Packs(join(this.#folder, 'packs'));
    const rows = this.#database
      .prepare('SELECT slot, digest FROM block WHERE digest IS NOT NULL ORDER BY slot')
      .iterate();
    let hashed = 0;
    const reader = async () => {
      for (const { slot, digest } of rows) {
        const data = await packs.read(slot as number).catch(() => Buffer.alloc(0));
        hashed++;
        if (!(await sha256(data)).equals(bufferOf(digest)))
          this.#wrong(
            'bytes',
            `slot ${slot} (pack ${Packs.packOf(slot as number)}) does not hold its block ${bufferOf(digest).toString('hex')}`,
          );
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    return hashed;
  }

  #spareBytes(): number {
    const names = readdirSync(join(this.#folder, 'packs')).filter(Packs.isName);
    const bytes = names.reduce((sum, name) => sum + statSync(join(this.#folder, 'packs', name)).size, 0);
    return Math.max(0, bytes - this.#one('SELECT count(*) FROM block WHERE digest IS NOT NULL') * BLOCK_SIZE);
  }

  #one = (sql: string) => Object.values(this.#database.prepare(sql).get()!)[0] as number;
}

const shortened = (kind: string, told: readonly string[]) =>
  told.length > MOST_TOLD
    ? [...told.slice(0, MOST_TOLD), `… and ${told.length - MOST_TOLD} more of this kind (${kind})`]
    : told;
