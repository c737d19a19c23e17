import { sha256 } from '../../replication/digest.ts';
import { SnapshotStateError } from '../../snapshots.ts';
import type { Catalog, NewPut, Noted, Put } from './catalog.ts';
import { Packs } from './packs.ts';

/** Blocks written since the last sync after which one begins beside the copy: 16 MiB. Then little is left to wait for when a snapshot is sealed. */
const SYNC_AFTER = 32;

interface Block {
  readonly slot: number;
  readonly digest: Buffer;
}

/** Content-addressed blocks: equal content is kept once, in a slot of a pack. */
export class BlockStore {
  readonly #catalog: Catalog;
  readonly #packs: Packs;
  #free: number[];
  #end: number;
  /** Content on its way into a slot, by digest: equal blocks that arrive together are written once. */
  readonly #writing = new Map<string, { slot: number; done: Promise<unknown> }>();
  #toNote: { put: NewPut; resolve(noted: Noted): void; reject(error: unknown): void }[] = [];
  /** Written and noted, but perhaps not on the disk yet. */
  #unsynced: Block[] = [];
  #syncing: Promise<void> = Promise.resolve();
  #syncFailure?: Error;

  constructor(catalog: Catalog, packs: Packs) {
    this.#catalog = catalog;
    this.#packs = packs;
    this.#free = catalog.freeSlots();
    this.#end = catalog.endOfSlots();
  }

  /** Drops the blocks whose bytes were lost with a machine: those not known to be on the disk are read and hashed. At most SYNC_AFTER and a few. */
  async recheck(): Promise<void> {
    for (const block of this.#catalog.blocks('at risk')) {
      const data = await this.#packs.read(block.slot).catch(() => Buffer.alloc(0));
      if ((await sha256(data)).equals(block.digest)) this.#unsynced.push(block);
      else this.#drop(block);
    }
    // What a crash left between the commit that freed the last slot of a pack and its removal.
    for (const pack of this.#packs.all()) this.#giveBack(pack);
  }

  /** Keeps the block and notes the put. */
  async put(put: Put, data: Buffer): Promise<void> {
    const key = put.digest.toString('latin1');
    for (;;) {
      const other = this.#writing.get(key);
      // If the other fails, this one has to try itself.
      if (other) await other.done.catch(() => {});
      else if (this.#catalog.slotOf(put.digest) === undefined) return this.#write(put, { key, data });
      else if (await this.#noted(put)) return;
    }
  }

  /** Notes the put together with those that come at the same time; false where the store has lost the content meanwhile. */
  async #noted(put: NewPut): Promise<boolean> {
    const answer = await new Promise<Noted>((resolve, reject) => {
      this.#toNote.push({ put, resolve, reject });
      if (this.#toNote.length === 1) setImmediate(() => this.#noteAll());
    });
    if (answer === 'closed')
      throw new SnapshotStateError(`snapshot ${put.id} takes no more blocks: it is completed or removed`);
    return answer === 'noted';
  }

  #noteAll() {
    const batch = this.#toNote;
    this.#toNote = [];
    try {
      const answers = this.#catalog.note(batch.map(({ put }) => put));
      for (const [position, { resolve }] of batch.entries()) resolve(answers[position]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** The block's bytes; undefined when the store does not have it. */
  async get(digest: Buffer): Promise<Buffer | undefined> {
    const slot = this.#catalog.slotOf(digest);
    return slot === undefined ? undefined : this.#packs.read(slot);
  }

  /** Resolves when all that was noted before is on the disk. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#syncOnce());
    return this.#syncing;
  }

  /** Takes slots back that fell free by a commit which is on the disk, and gives back packs that are empty now. */
  reclaim(slots: readonly number[]): void {
    for (const slot of slots) this.#free.push(slot);
    const busy = new Set([...this.#writing.values()].map(({ slot }) => Packs.packOf(slot)));
    for (const pack of new Set(slots.map(Packs.packOf))) if (!busy.has(pack)) this.#giveBack(pack);
  }

  #giveBack(pack: number) {
    if (!this.#catalog.holdsAny(...Packs.slotsOf(pack))) this.#packs.remove(pack);
  }

  /** Resolves when no sync is under way, and what was given back is gone. */
  async settle(): Promise<void> {
    await this.#syncing.catch(() => {});
    await this.#packs.settle();
  }

  async #write(put: Put, { key, data }: { key: string; data: Buffer }): Promise<void> {
    const slot = this.#free.pop() ?? this.#end++;
    const done = this.#packs.write(slot, data).then(() => this.#noted({ ...put, slot }));
    this.#writing.set(key, { slot, done });
    try {
      await done;
    } catch (error) {
      this.#free.push(slot);
      throw error;
    } finally {
      this.#writing.delete(key);
    }
    this.#unsynced.push({ slot, digest: put.digest });
    // A failure is kept, and thrown where it matters: at the seal.
    if (this.#unsynced.length % SYNC_AFTER === 0) this.sync().catch(() => {});
  }

  async #syncOnce() {
    if (this.#syncFailure) throw this.#syncFailure;
    const blocks = this.#unsynced;
    this.#unsynced = [];
    try {
      await this.#packs.sync(blocks.map(({ slot }) => Packs.packOf(slot)));
    } catch (cause) {
      // After a failed sync the kernel may call the next one a success though the bytes are lost: nothing can be sealed until they are read again.
      this.#syncFailure = new Error('the disk did not take the blocks; free or repair it, then start again', { cause });
      throw this.#syncFailure;
    }
    this.#catalog.markDurable(blocks);
  }

  #drop(block: Block) {
    this.#catalog.drop(block);
    this.#free.push(block.slot);
  }
}
