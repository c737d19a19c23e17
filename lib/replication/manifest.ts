import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { BlockSet } from './block-set.ts';
import { DIGEST_SIZE } from './digest.ts';

/** Digests of a page: 128 KiB, which stand for 2 GiB of disk. */
const PER_PAGE = 4_096;
const PAGE_SIZE = PER_PAGE * DIGEST_SIZE;
/** Pages in memory, 2 MiB. A copy goes through the disk in ascending order, its blocks under way lie in one or two. */
const PAGES = 16;
const NOTHING = Buffer.alloc(PAGE_SIZE);
const ABSENT = NOTHING.subarray(0, DIGEST_SIZE);

interface Page {
  readonly digests: Buffer;
  dirty: boolean;
}

/**
 * What a snapshot holds: a file of a digest per block, 32 zero bytes where the block is absent. A block that was written as zeros has the digest of a
 * block of zeros, so a manifest mirrors its snapshot exactly. The file has 64 MiB for a disk of 1 TiB; in memory are a few pages of it.
 */
export class Manifest {
  readonly #file: number;
  readonly #pages = new Map<number, Page>();

  readonly blocks: number;

  private constructor(file: number) {
    this.#file = file;
    this.blocks = fstatSync(file).size / DIGEST_SIZE;
  }

  /** Opens the manifest at `path` for reading. */
  static open = (path: string): Manifest => new Manifest(openSync(path, 'r'));

  /** Makes a manifest of so many blocks at `path`, which begins with what the one at `from` holds. What is absent is a hole in the file. */
  static create(path: string, { blocks, from }: { blocks: number; from?: string }): Manifest {
    const file = openSync(path, 'w+', 0o600);
    ftruncateSync(file, blocks * DIGEST_SIZE);
    const manifest = new Manifest(file);
    if (from !== undefined) manifest.#copyFrom(from);
    return manifest;
  }

  #copyFrom(path: string) {
    const source = openSync(path, 'r');
    const page = Buffer.alloc(PAGE_SIZE);
    try {
      for (let at = 0, bytes = 0; ; at += bytes) {
        bytes = readSync(source, page, 0, PAGE_SIZE, at);
        if (bytes === 0) return;
        if (!page.subarray(0, bytes).equals(NOTHING.subarray(0, bytes))) writeSync(this.#file, page, 0, bytes, at);
      }
    } finally {
      closeSync(source);
    }
  }

  /** The digest of a block, good until the next call. */
  at(index: number): Buffer {
    const position = (index % PER_PAGE) * DIGEST_SIZE;
    return this.#page(Math.floor(index / PER_PAGE)).digests.subarray(position, position + DIGEST_SIZE);
  }

  holds = (index: number): boolean => !this.at(index).equals(ABSENT);

  set(index: number, digest: Buffer): void {
    digest.copy(this.at(index));
    this.#page(Math.floor(index / PER_PAGE)).dirty = true;
  }

  /** The first block from `from` on that is not absent; -1 when there is none. */
  next(from: number): number {
    for (let index = from; index < this.blocks; ) {
      const isPageStart = index % PER_PAGE === 0;
      if (isPageStart && this.#page(index / PER_PAGE).digests.equals(NOTHING)) index += PER_PAGE;
      else if (this.holds(index)) return index;
      else index++;
    }
    return -1;
  }

  /** How many blocks are not absent. */
  count(): number {
    let count = 0;
    for (let index = this.next(0); index >= 0; index = this.next(index + 1)) count++;
    return count;
  }

  /** SHA-256 over the digests of those blocks, in ascending order: EBS's LINEAR aggregation. */
  linear(chosen: BlockSet): Buffer {
    const hash = createHash('sha256');
    for (let index = chosen.next(0); index >= 0; index = chosen.next(index + 1)) hash.update(this.at(index));
    return hash.digest();
  }

  /** Makes what was set durable. */
  sync(): void {
    for (const [number, page] of this.#pages) this.#write(number, page);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    // The memory of one that is let go of: to go through the manifest of a large disk would make a lot of garbage.
    const digests = this.#pages.size < PAGES ? Buffer.alloc(PAGE_SIZE) : this.#letGo();
    const bytes = readSync(this.#file, digests, 0, PAGE_SIZE, number * PAGE_SIZE);
    const page = { digests: digests.fill(0, bytes), dirty: false };
    this.#pages.set(number, page);
    return page;
  }

  /** Of the page that has been in memory for longest. */
  #letGo(): Buffer {
    const [[number, page]] = this.#pages as unknown as [[number, Page]];
    this.#write(number, page);
    this.#pages.delete(number);
    return page.digests;
  }

  #write(number: number, page: Page) {
    if (!page.dirty) return;
    const start = number * PAGE_SIZE;
    // Not beyond its end: the size of the file says how many blocks there are.
    writeSync(this.#file, page.digests, 0, Math.min(PAGE_SIZE, this.blocks * DIGEST_SIZE - start), start);
    page.dirty = false;
  }
}
