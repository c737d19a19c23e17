import type { Socket } from 'node:net';
import { NbdError } from './protocol.ts';

interface Wanted {
  readonly into: Buffer;
  filled: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Bytes of a socket in the order asked: each `fill` gets the next ones, straight into the buffer where they are to be. */
export class Inflow {
  /** What arrived before it was asked for: the rest of a chunk, for whoever asks does so as soon as it has the last. */
  readonly #early: Buffer[] = [];
  #wanted: Wanted | undefined;
  #end: Error | undefined;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#early.push(chunk);
      this.#pour();
    });
    socket.on('error', (error) => this.#close(new NbdError(`the connection failed: ${error.message}`)));
    socket.on('close', () => this.#close(new NbdError('the server closed the connection')));
  }

  /** Fills the buffer. One at a time. Throws NbdError when the connection has ended. */
  fill(into: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (into.length === 0) return resolve(into);
      this.#wanted = { into, filled: 0, resolve: () => resolve(into), reject };
      this.#pour();
      if (this.#end) this.#close(this.#end);
    });
  }

  take = (bytes: number): Promise<Buffer> => this.fill(Buffer.allocUnsafe(bytes));

  #pour() {
    for (let chunk = this.#early[0]; chunk && this.#wanted; chunk = this.#early[0]) {
      const wanted = this.#wanted;
      const copied = chunk.copy(wanted.into, wanted.filled);
      wanted.filled += copied;
      if (copied < chunk.length) this.#early[0] = chunk.subarray(copied);
      else this.#early.shift();
      if (wanted.filled < wanted.into.length) continue;
      this.#wanted = undefined;
      wanted.resolve();
    }
  }

  #close(end: Error) {
    this.#end ??= end;
    this.#wanted?.reject(this.#end);
    this.#wanted = undefined;
  }
}
