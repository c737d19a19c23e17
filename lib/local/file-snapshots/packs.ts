import {
  closeSync,
  constants,
  existsSync,
  fsync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  renameSync,
  rmSync,
  write,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BLOCK_SIZE } from '../../snapshots.ts';

const readAt = promisify(read);
const writeAt = promisify(write);
const sync = promisify(fsync);

/** Slots in a pack file, which makes files of 256 MiB: few enough to list, small enough to be given back when they fall empty. */
const SLOTS_PER_PACK = 512;

const NAME = /^\d{8,}\.pack$/;
/** Ends the name of a pack that was given back. */
const GONE = '.gone';

/**
 * Where the bytes are: pack files cut into slots of one block each. All blocks have one size, so a freed slot takes any other block and nothing ever
 * has to be moved together. Which slot holds what is the catalog's affair.
 *
 * One large file per 512 blocks, not a file per block: a sync covers many blocks, which the snapshot store counts on. Files are opened per call,
 * synchronously: that costs 10 µs beside the 200 µs of a block and needs no cache of handles.
 */
export class Packs {
  readonly #folder: string;
  readonly #removals = new Set<Promise<void>>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    // What a process left that ended meanwhile.
    for (const name of readdirSync(folder)) if (Packs.isGone(name)) rmSync(join(folder, name), { force: true });
  }

  static packOf = (slot: number) => Math.floor(slot / SLOTS_PER_PACK);

  static isName = (name: string) => NAME.test(name);

  /** Whether it is that of a pack that was given back, and is removed when the store is opened. */
  static isGone = (name: string) => name.endsWith(GONE);

  /** The slots of a pack: from the first up to, not including, the second. */
  static slotsOf = (pack: number) => [pack * SLOTS_PER_PACK, (pack + 1) * SLOTS_PER_PACK] as const;

  /** Writes the block; it is durable after `sync`. */
  async write(slot: number, data: Buffer): Promise<void> {
    const file = this.#open(Packs.packOf(slot), constants.O_RDWR | constants.O_CREAT);
    try {
      for (let done = 0; done < BLOCK_SIZE; )
        done += (await writeAt(file, data, done, BLOCK_SIZE - done, offsetOf(slot) + done)).bytesWritten;
    } finally {
      closeSync(file);
    }
  }

  /** The bytes in the slot; fewer than a block's where the file ends before. */
  async read(slot: number): Promise<Buffer> {
    const data = Buffer.allocUnsafeSlow(BLOCK_SIZE);
    let done = 0;
    const file = this.#open(Packs.packOf(slot), constants.O_RDONLY);
    try {
      while (done < BLOCK_SIZE) {
        const { bytesRead } = await readAt(file, data, done, BLOCK_SIZE - done, offsetOf(slot) + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } finally {
      closeSync(file);
    }
    return data.subarray(0, done);
  }

  /** Resolves when what was written into these packs is on the disk, and the names of new ones too. */
  async sync(packs: Iterable<number>): Promise<void> {
    const paths = [...new Set(packs)].map((pack) => this.#path(pack));
    await Promise.all([...paths.map(syncFile), syncFile(this.#folder)]);
  }

  /** Gives the pack's room back to the file system, which takes a tenth of a second: not while others wait. Its slots can be written again at once. */
  remove(pack: number): void {
    if (!existsSync(this.#path(pack))) return;
    const gone = `${this.#path(pack)}${GONE}`;
    renameSync(this.#path(pack), gone);
    const removal = rm(gone, { force: true }).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    // A file that stays is removed at the next start.
    removal.catch(() => {});
  }

  /** Resolves when what was given back is gone. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#removals);
  }

  /** The packs that there are. */
  all = (): number[] =>
    readdirSync(this.#folder)
      .filter(Packs.isName)
      .map((name) => Number.parseInt(name, 10));

  #open = (pack: number, flags: number) => openSync(this.#path(pack), flags, 0o600);

  #path = (pack: number) => join(this.#folder, `${pack.toString().padStart(8, '0')}.pack`);
}

/** A pack that was given back meanwhile has nothing to sync. */
async function syncFile(path: string) {
  if (!existsSync(path)) return;
  const file = openSync(path, constants.O_RDONLY);
  try {
    await sync(file);
  } finally {
    closeSync(file);
  }
}

const offsetOf = (slot: number) => (slot % SLOTS_PER_PACK) * BLOCK_SIZE;
