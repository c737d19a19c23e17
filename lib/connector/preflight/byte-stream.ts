/** Chunks taken piece by piece. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer at the end; they stay. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#rest.length < bytes) {
      const next = await this.#chunks.next();
      if (next.done) break;
      this.#rest = Buffer.concat([this.#rest, next.value]);
    }
    return this.#rest.subarray(0, bytes);
  }

  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Passes over so many bytes, without keeping them. */
  async skip(bytes: number): Promise<void> {
    let left = bytes - this.#rest.length;
    this.#rest = left > 0 ? Buffer.alloc(0) : this.#rest.subarray(bytes);
    while (left > 0) {
      const next = await this.#chunks.next();
      if (next.done) return;
      if (next.value.length > left) this.#rest = next.value.subarray(left);
      left -= next.value.length;
    }
  }

  /** All that is left. */
  async *drain(): AsyncGenerator<Buffer> {
    if (this.#rest.length > 0) yield this.#rest;
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value;
  }
}
