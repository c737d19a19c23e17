import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { sha256 } from '../replication/digest.ts';
import {
  BLOCK_SIZE,
  blocksOf,
  ChecksumMismatchError,
  InvalidBlockError,
  type SnapshotId,
  type SnapshotSpec,
  SnapshotStateError,
  type Snapshots,
  SnapshotTokenError,
  UnrelatedSnapshotsError,
} from '../snapshots.ts';
import { BlockStore } from './file-snapshots/block-store.ts';
import { Catalog, type Delta, type Put, type Seal, type SnapshotRow } from './file-snapshots/catalog.ts';
import { checkSpec, sameSpec } from './file-snapshots/check-spec.ts';
import { CHUNK, Manifests } from './file-snapshots/manifests.ts';
import { Packs } from './file-snapshots/packs.ts';
import { demandSameSeal, release, sumOf, wholeManifest } from './file-snapshots/seal.ts';
import { digestAt, isAbsent } from './file-snapshots/uses.ts';

const MINUTE = 60_000;
/** SQLite's result code when another process holds the lock. */
const SQLITE_BUSY = 5;

/** Snapshots in a folder that has just been opened, and the means to close it. */
export interface FileSnapshots extends Snapshots {
  /** Bytes of all distinct blocks that are kept. */
  storedBytes(): number;
  /** The snapshots that bear the tag, pending ones included. */
  tagged(key: string, value: string): SnapshotId[];
  close(): Promise<void>;
}

/**
 * Opens the snapshot store in the folder, made if it is not there: blocks in packs, one manifest per completed snapshot, the rest in SQLite.
 *
 * Invariants. A sealed snapshot is durable: every block it holds was synced, then its manifest, then the row that says so. A put survives the death of
 * the process; of the machine, only once it is sealed, and opening drops the puts whose bytes were lost, so that a seal cannot count them. A slot is
 * written again only after the commit that freed it is on the disk.
 */
export async function openFileSnapshots(folder: string, { clock }: { clock: Clock }): Promise<FileSnapshots> {
  mkdirSync(folder, { recursive: true });
  const store = openAlone(folder, clock);
  await store.recover();
  return store;
}

/** The folder is in another process's hands. */
export class SnapshotStoreInUseError extends Error {
  override readonly name = 'SnapshotStoreInUseError';
}

function openAlone(folder: string, clock: Clock): Store {
  try {
    return new Store(folder, clock);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new SnapshotStoreInUseError(`the snapshots in ${folder} are in use by another process; stop it, or use it`, {
      cause: error,
    });
  }
}

class Store implements FileSnapshots {
  readonly #clock: Clock;
  readonly #tables: { readonly catalog: Catalog; readonly manifests: Manifests };
  readonly #catalog: Catalog;
  readonly #manifests: Manifests;
  readonly #blocks: BlockStore;
  /** Snapshots begin, are sealed and are removed one after the other: each looks at its parent and children. */
  #last: Promise<unknown> = Promise.resolve();
  /** A seal waits for the puts that are under way, and lets no more begin. */
  readonly #sealing = new Set<SnapshotId>();
  readonly #putting = new Set<Promise<void>>();

  constructor(folder: string, clock: Clock) {
    this.#clock = clock;
    this.#catalog = new Catalog(join(folder, 'snapshots.db'));
    this.#manifests = new Manifests(join(folder, 'manifests'));
    this.#tables = { catalog: this.#catalog, manifests: this.#manifests };
    this.#blocks = new BlockStore(this.#catalog, new Packs(join(folder, 'packs')));
  }

  async recover() {
    await this.#blocks.recheck();
    const snapshots = this.#catalog.all();
    const ids = new Set(snapshots.map(({ id }) => id));
    this.#manifests.sweep((name) => ids.has(name));
    for (const snapshot of snapshots)
      if (snapshot.state === 'removed') this.#blocks.reclaim(await release(this.#tables, snapshot));
  }

  async close() {
    await this.#last.catch(() => {});
    await Promise.allSettled(this.#putting);
    await this.#blocks.settle();
    this.#catalog.close();
  }

  storedBytes = () => this.#catalog.countBlocks() * BLOCK_SIZE;

  tagged = (key: string, value: string) =>
    this.#catalog
      .all()
      .filter(({ state, spec }) => state !== 'removed' && spec.tags[key] === value)
      .map(({ id }) => id);

  start(spec: SnapshotSpec) {
    return this.#alone(async () => {
      const known = this.#catalog.ofToken(spec.token);
      if (known && !sameSpec(known.spec, spec))
        throw new SnapshotTokenError(
          `token ${spec.token} began snapshot ${known.id} with another specification; use a token of its own`,
        );
      const id = known?.id ?? (await this.#begin(spec));
      return { id, blockSize: BLOCK_SIZE } as const;
    });
  }

  async #begin(spec: SnapshotSpec): Promise<SnapshotId> {
    const parent = spec.parent === undefined ? undefined : this.#completed(spec.parent);
    checkSpec(spec, parent?.spec);
    const id = `snap-${randomBytes(9).toString('hex').slice(0, 17)}`;
    if (parent) await this.#manifests.inherit(parent.id, id);
    const lineage = parent?.lineage ?? id;
    this.#catalog.add({ id, spec, lineage, touchedAt: this.#clock.now() });
    return id;
  }

  async put(id: SnapshotId, index: number, data: Buffer, digest: Buffer): Promise<void> {
    this.#demandWritable(id, index);
    if (data.length !== BLOCK_SIZE)
      throw new InvalidBlockError(`block ${index} of ${id} came with ${data.length} bytes; a block has ${BLOCK_SIZE}`);
    if (!(await sha256(data)).equals(digest))
      throw new ChecksumMismatchError(
        `block ${index} of ${id} does not have the SHA-256 that came with it; send it again`,
      );
    if (this.#sealing.has(id))
      throw new SnapshotStateError(`snapshot ${id} is being completed; it takes no more blocks`);
    const put: Put = { id, index, digest: Buffer.from(digest), at: this.#clock.now() };
    const putting = this.#blocks.put(put, data).finally(() => this.#putting.delete(putting));
    this.#putting.add(putting);
    await putting;
  }

  #demandWritable(id: SnapshotId, index: number) {
    const snapshot = this.#known(id);
    const state = this.#stateOf(snapshot);
    if (state === 'error')
      throw new SnapshotStateError(
        `snapshot ${id} got no block for ${snapshot.spec.timeoutMinutes} minutes; start another`,
      );
    if (state !== 'pending') throw new SnapshotStateError(`snapshot ${id} is ${state}; it takes no more blocks`);
    const blocks = blocksOf(snapshot.spec.sizeGiB);
    if (!Number.isInteger(index) || index < 0 || index >= blocks)
      throw new InvalidBlockError(`snapshot ${id} has no block ${index}; the last is ${blocks - 1}`);
  }

  complete(id: SnapshotId, seal: Seal): Promise<void> {
    return this.#alone(async () => {
      const snapshot = this.#known(id);
      const state = this.#stateOf(snapshot);
      if (state === 'error')
        throw new SnapshotStateError(`snapshot ${id} timed out before it was completed; start another`);
      if (state === 'pending') return this.#seal(snapshot, seal);
      demandSameSeal(id, snapshot.seal!, seal);
    });
  }

  async #seal(snapshot: SnapshotRow, seal: Seal) {
    const { id } = snapshot;
    this.#sealing.add(id);
    try {
      await Promise.allSettled(this.#putting);
      demandSameSeal(id, sumOf(this.#catalog, snapshot), seal);
      await this.#blocks.sync();
      const deltas: Delta[] = [];
      await this.#manifests.replace(id, wholeManifest(this.#tables, snapshot, deltas));
      this.#blocks.reclaim(this.#catalog.complete(id, seal, deltas));
    } finally {
      this.#sealing.delete(id);
    }
  }

  async state(id: SnapshotId) {
    const snapshot = this.#find(id);
    return snapshot && this.#stateOf(snapshot);
  }

  async *list(id: SnapshotId) {
    for await (const { first, digests } of this.#chunksOf(this.#completed(id))) {
      for (let position = 0; position < CHUNK; position++) {
        const digest = digestAt(digests, position);
        if (!isAbsent(digest)) yield { index: first + position, token: tokenOf(digest) };
      }
    }
  }

  async *changed(first: SnapshotId, second: SnapshotId) {
    const older = this.#completed(first);
    const newer = this.#completed(second);
    if (older.lineage !== newer.lineage)
      throw new UnrelatedSnapshotsError(
        `snapshots ${first} and ${second} have no ancestor in common; compare their blocks`,
      );
    const larger = older.spec.sizeGiB > newer.spec.sizeGiB ? older : newer;
    for await (const { first: start } of this.#chunksOf(larger)) {
      const [before, after] = [await this.#manifests.read(first, start), await this.#manifests.read(second, start)];
      if (before.equals(after)) continue;
      for (let position = 0; position < CHUNK; position++)
        if (!digestAt(before, position).equals(digestAt(after, position))) yield { index: start + position };
    }
  }

  async read(id: SnapshotId, index: number, token: string) {
    this.#completed(id);
    const digest = await this.#manifests.read(id, index, 1);
    if (isAbsent(digest) || tokenOf(digest) !== token)
      throw new InvalidBlockError(`snapshot ${id} has no block ${index} with this token; list its blocks again`);
    const data = await this.#blocks.get(digest);
    if (!data || !(await sha256(data)).equals(digest))
      throw new Error(
        `block ${index} of snapshot ${id} is damaged on this machine's disk; remove the snapshot and copy it again`,
      );
    return { data, sha256: digest };
  }

  remove(id: SnapshotId): Promise<void> {
    return this.#alone(async () => {
      if (!this.#find(id)) return;
      this.#catalog.markRemoved(id);
      this.#blocks.reclaim(await release(this.#tables, this.#catalog.get(id)!));
    });
  }

  async *#chunksOf({ id, spec }: SnapshotRow) {
    for (let first = 0; first < blocksOf(spec.sizeGiB); first += CHUNK)
      yield { first, digests: await this.#manifests.read(id, first) };
  }

  #find(id: SnapshotId): SnapshotRow | undefined {
    const snapshot = this.#catalog.get(id);
    return snapshot?.state === 'removed' ? undefined : snapshot;
  }

  #known(id: SnapshotId): SnapshotRow {
    const snapshot = this.#find(id);
    if (!snapshot) throw new SnapshotStateError(`there is no snapshot ${id}`);
    return snapshot;
  }

  #completed(id: SnapshotId): SnapshotRow {
    const snapshot = this.#known(id);
    if (snapshot.state !== 'completed')
      throw new SnapshotStateError(`snapshot ${id} is not completed yet; complete it first`);
    return snapshot;
  }

  #stateOf({ state, touchedAt, spec }: SnapshotRow) {
    if (state !== 'pending') return 'completed';
    return this.#clock.now() > touchedAt + spec.timeoutMinutes * MINUTE ? 'error' : 'pending';
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** A block's token is its digest, so a token always reads what was listed. */
const tokenOf = (digest: Buffer) => digest.toString('base64url');
