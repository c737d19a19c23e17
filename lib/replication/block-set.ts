const WORD = 32;

/** A set of block indexes below `blocks`, a bit each: 256 KiB for a disk of 1 TiB. */
export class BlockSet {
  readonly blocks: number;
  readonly #words: Uint32Array;

  constructor(blocks: number) {
    this.blocks = blocks;
    this.#words = new Uint32Array(Math.ceil(blocks / WORD));
  }

  has = (index: number): boolean => ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;

  add(index: number): void {
    if (index >= 0 && index < this.blocks) this.#words[index >>> 5]! |= 1 << (index & 31);
  }

  /** Adds the indexes from `first` up to, not including, `end`. */
  addRange(first: number, end: number): void {
    for (let index = first; index < Math.min(end, this.blocks); ) {
      if ((index & 31) === 0 && index + WORD <= end && index + WORD <= this.blocks) {
        this.#words[index >>> 5] = 0xffffffff;
        index += WORD;
      } else this.add(index++);
    }
  }

  /** The first index of the set from `from` on; -1 when there is none. */
  next(from: number): number {
    let word = from >>> 5;
    let bits = (this.#words[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0 && ++word < this.#words.length) bits = this.#words[word]!;
    return bits === 0 ? -1 : word * WORD + 31 - Math.clz32(bits & -bits);
  }

  *[Symbol.iterator](): Generator<number> {
    for (let index = this.next(0); index >= 0; index = this.next(index + 1)) yield index;
  }

  count(): number {
    let count = 0;
    for (let index = this.next(0); index >= 0; index = this.next(index + 1)) count++;
    return count;
  }
}
