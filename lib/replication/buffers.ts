import { sharedBuffer } from './hash-threads.ts';

/** Buffers of one size that are used again: as many as were ever in use at once. */
export class Buffers {
  readonly #bytes: number;
  #free: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take = (): Buffer => this.#free.pop() ?? sharedBuffer(this.#bytes);

  give(buffer: Buffer) {
    this.#free.push(buffer);
  }
}
