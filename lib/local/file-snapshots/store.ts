import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { sha256 } from '../../replication/digest.ts';
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
} from '../../snapshots.ts';
import type { FileSnapshots, SnapshotDescription } from '../file-snapshots.ts';
import { BlockStore } from './block-store.ts';
import { Catalog, type Delta, type Put } from './catalog.ts';
import { checkSpec, sameSpec } from './check-spec.ts';
import { listBlocks, listChanges } from './listing.ts';
import { Manifests } from './manifests.ts';
import { Packs } from './packs.ts';
import { demandSameSeal, release, sumOf, wholeManifest } from './seal.ts';
import type { AnnouncedSeal, SnapshotRow } from './snapshot-row.ts';
import { isAbsent } from './uses.ts';

const MINUTE = 60_000;
/** Milliseconds that a snapshot which timed out can still be looked at; then its room is taken back. */
const KEEP_ERROR = 24 * 60 * MINUTE;
const NOT_THROTTLED = { throttles: 0 };

/** The store behind `openFileSnapshots`, which tells its invariants. */
export class Store implements FileSnapshots {
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
  /** The pending snapshots that were put into, so that a put asks the catalog nothing. */
  readonly #open = new Map<SnapshotId, { readonly spec: SnapshotSpec; touchedAt: number }>();

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
    await this.#collectErrors();
  }

  /** Nobody can complete what has timed out; those who copied into it begin anew, or are gone. */
  async #collectErrors() {
    const oldest = this.#clock.now() - KEEP_ERROR;
    for (const { id, touchedAt, spec } of this.#catalog.pending())
      if (touchedAt + spec.timeoutMinutes * MINUTE < oldest) await this.#remove(id);
  }

  async close() {
    await this.#last.catch(() => {});
    await Promise.allSettled(this.#putting);
    await this.#blocks.settle();
    this.#catalog.close();
  }

  get trusted(): Snapshots {
    return {
      start: (spec) => this.start(spec),
      put: (id, index, data, digest) => this.putHashed(id, index, data, digest),
      complete: (id, seal) => this.complete(id, seal),
      state: (id) => this.state(id),
      list: (id) => this.list(id),
      changed: (first, second) => this.changed(first, second),
      read: (id, index, token) => this.read(id, index, token),
      remove: (id) => this.remove(id),
    };
  }

  storedBytes = () => this.#catalog.countBlocks() * BLOCK_SIZE;

  tagged = (key: string, value: string) =>
    this.#catalog
      .all()
      .filter(({ state, spec }) => state !== 'removed' && spec.tags[key] === value)
      .map(({ id }) => id);

  describe(id: SnapshotId): SnapshotDescription | undefined {
    const snapshot = this.#find(id);
    return snapshot && this.#described(snapshot);
  }

  describeAll = () =>
    this.#catalog
      .all()
      .filter(({ state }) => state !== 'removed')
      .map((snapshot) => this.#described(snapshot));

  #described(snapshot: SnapshotRow): SnapshotDescription {
    const { id, spec, startedAt, kmsKeyArn } = snapshot;
    return { id, spec, startedAt, state: this.#stateOf(snapshot), ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }) };
  }

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
    await this.#collectErrors();
    if (parent) await this.#manifests.inherit(parent.id, id);
    const kmsKeyArn = spec.kmsKeyArn ?? parent?.kmsKeyArn;
    const startedAt = this.#clock.now();
    this.#catalog.add({
      id,
      spec,
      lineage: parent?.lineage ?? id,
      startedAt,
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    });
    return id;
  }

  async put(id: SnapshotId, index: number, data: Buffer, digest: Buffer) {
    this.#demandWritable(id, index);
    if (!(await sha256(data)).equals(digest))
      throw new ChecksumMismatchError(
        `block ${index} of ${id} does not have the SHA-256 that came with it; send it again`,
      );
    return this.putHashed(id, index, data, digest);
  }

  async putHashed(id: SnapshotId, index: number, data: Buffer, digest: Buffer) {
    this.#demandWritable(id, index);
    if (data.length !== BLOCK_SIZE)
      throw new InvalidBlockError(`block ${index} of ${id} came with ${data.length} bytes; a block has ${BLOCK_SIZE}`);
    if (this.#sealing.has(id))
      throw new SnapshotStateError(`snapshot ${id} is being completed; it takes no more blocks`);
    const put: Put = { id, index, digest: Buffer.from(digest), at: this.#clock.now() };
    this.#open.get(id)!.touchedAt = put.at;
    const putting = this.#blocks.put(put, data).finally(() => this.#putting.delete(putting));
    this.#putting.add(putting);
    await putting;
    return NOT_THROTTLED;
  }

  #demandWritable(id: SnapshotId, index: number) {
    const { spec, touchedAt } = this.#open.get(id) ?? this.#opened(id);
    if (this.#clock.now() > touchedAt + spec.timeoutMinutes * MINUTE)
      throw new SnapshotStateError(`snapshot ${id} got no block for ${spec.timeoutMinutes} minutes; start another`);
    const blocks = blocksOf(spec.sizeGiB);
    if (!Number.isInteger(index) || index < 0 || index >= blocks)
      throw new InvalidBlockError(`snapshot ${id} has no block ${index}; the last is ${blocks - 1}`);
  }

  #opened(id: SnapshotId) {
    const { state, spec, touchedAt } = this.#known(id);
    if (state !== 'pending') throw new SnapshotStateError(`snapshot ${id} is ${state}; it takes no more blocks`);
    const open = { spec, touchedAt };
    this.#open.set(id, open);
    return open;
  }

  complete(id: SnapshotId, seal: AnnouncedSeal): Promise<void> {
    return this.#alone(async () => {
      const snapshot = this.#known(id);
      const state = this.#stateOf(snapshot);
      if (state === 'error')
        throw new SnapshotStateError(`snapshot ${id} timed out before it was completed; start another`);
      if (state === 'pending') return this.#seal(snapshot, seal);
      demandSameSeal(id, snapshot.seal!, seal);
    });
  }

  async #seal(snapshot: SnapshotRow, announced: AnnouncedSeal) {
    const { id } = snapshot;
    this.#sealing.add(id);
    this.#open.delete(id);
    try {
      await Promise.allSettled(this.#putting);
      const seal = sumOf(this.#catalog, snapshot);
      demandSameSeal(id, seal, announced);
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
    for await (const { blocks } of this.listFrom(id, 0))
      for (const { index, digest } of blocks) yield { index, token: tokenOf(digest) };
  }

  async *changed(first: SnapshotId, second: SnapshotId) {
    for await (const { blocks } of this.changedFrom([first, second], 0)) yield* blocks;
  }

  listFrom = (id: SnapshotId, from: number) => listBlocks(this.#manifests, this.#completed(id), from);

  changedFrom([first, second]: readonly [SnapshotId, SnapshotId], from: number) {
    const pair = [this.#completed(first), this.#completed(second)] as const;
    if (pair[0].lineage !== pair[1].lineage)
      throw new UnrelatedSnapshotsError(
        `snapshots ${first} and ${second} have no ancestor in common; compare their blocks`,
      );
    return listChanges(this.#manifests, pair, from);
  }

  async read(id: SnapshotId, index: number, token: string) {
    const block = await this.readBlock(id, index);
    if (!block || tokenOf(block.sha256) !== token)
      throw new InvalidBlockError(`snapshot ${id} has no block ${index} with this token; list its blocks again`);
    return block;
  }

  async readBlock(id: SnapshotId, index: number) {
    this.#completed(id);
    const digest = await this.#manifests.read(id, index, 1);
    if (isAbsent(digest)) return undefined;
    const data = await this.#blocks.get(digest);
    if (!data || !(await sha256(data)).equals(digest))
      throw new Error(
        `block ${index} of snapshot ${id} is damaged on this machine's disk; remove the snapshot and copy it again`,
      );
    return { data, sha256: digest };
  }

  remove = (id: SnapshotId): Promise<void> => this.#alone(() => this.#remove(id));

  async #remove(id: SnapshotId) {
    if (!this.#find(id)) return;
    this.#open.delete(id);
    this.#catalog.markRemoved(id);
    this.#blocks.reclaim(await release(this.#tables, this.#catalog.get(id)!));
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
