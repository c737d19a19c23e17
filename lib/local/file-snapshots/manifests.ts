import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, link, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DIGEST_SIZE } from '../../replication/digest.ts';

/** Digests that are handled at once: 128 KiB of them, which stand for 2 GiB of disk. Memory and pauses stay small whatever the disk's size. */
export const CHUNK = 4_096;

/**
 * Which block holds what: a file of raw digests per snapshot, 32 bytes a block, 32 zero bytes where a block is absent, what was inherited included. A
 * manifest never changes; a child begins with a link to its parent's.
 */
export class Manifests {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  /** Lets the child begin with the parent's manifest. Durable. */
  async inherit(parent: string, child: string): Promise<void> {
    await link(this.#path(parent), this.#path(child));
    await this.#syncFolder();
  }

  /** The digests of CHUNK blocks from `first` on; absent beyond the end. Of no snapshot (undefined): all absent. */
  async read(id: string | undefined, first: number, count = CHUNK): Promise<Buffer> {
    const digests = Buffer.alloc(count * DIGEST_SIZE);
    const file = id === undefined ? undefined : await this.#open(id);
    if (!file) return digests;
    try {
      await file.read(digests, 0, digests.length, first * DIGEST_SIZE);
      return digests;
    } finally {
      await file.close();
    }
  }

  /** Replaces the snapshot's manifest by these chunks, in one step and durably. */
  async replace(id: string, chunks: AsyncIterable<Buffer>): Promise<void> {
    const path = this.#path(id);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      let end = 0;
      for await (const chunk of chunks) {
        // What is absent becomes a hole in the file: the manifest of an empty disk of 64 TiB would have 4 GiB.
        if (!isAllAbsent(chunk)) await file.write(chunk, 0, chunk.length, end);
        end += chunk.length;
      }
      await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await this.#syncFolder();
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  /** Removes the files of all snapshots but these: what a crash left. */
  sweep(isKnown: (id: string) => boolean): void {
    for (const name of readdirSync(this.#folder)) if (!isKnown(name)) rmSync(join(this.#folder, name));
  }

  async #open(id: string): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(id), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #syncFolder() {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #path = (id: string) => join(this.#folder, id);
}

const ABSENT = Buffer.alloc(CHUNK * DIGEST_SIZE);
const isAllAbsent = (chunk: Buffer) => chunk.equals(ABSENT.subarray(0, chunk.length));
