import { connect, type Socket } from 'node:net';

/** Bytes of one answer at most: what QEMU tells of hundreds of disks has a few. */
const MAX_ANSWER = 2 ** 24;
/** Documents that arrive while nobody asks, such as events. */
const MAX_UNASKED = 10_000;
/** No byte of any UTF-8 text. Source: QEMU guest agent protocol, guest-sync-delimited. */
const RESET = Buffer.from([0xff]);

/** Whoever listens on the socket does not answer, or not in JSON. */
export class SilentSocketError extends Error {
  override readonly name = 'SilentSocketError';
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A Unix socket on which either side sends JSON documents, one a line: QEMU's monitor and its guest agent. */
export class JsonLines {
  readonly path: string;
  readonly #socket: Socket;
  readonly #arrived: unknown[] = [];
  #waiting: Waiting | undefined;
  #text: Buffer[] = [];
  #length = 0;
  #end: Error | undefined;

  private constructor(path: string, socket: Socket) {
    this.path = path;
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#close(new SilentSocketError(`${path} failed: ${error.message}`)));
    socket.on('close', () => this.#close(new SilentSocketError(`${path} was closed by the other side`)));
  }

  /** Throws the socket's error when nobody listens there. */
  static open(path: string): Promise<JsonLines> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => {
        socket.off('error', reject);
        resolve(new JsonLines(path, socket));
      });
      socket.once('error', reject);
    });
  }

  /** `reset` makes a guest agent forget what an earlier client left half said. */
  send(document: object, { reset = false } = {}): void {
    if (reset) this.#socket.write(RESET);
    this.#socket.write(`${JSON.stringify(document)}\n`);
  }

  /** The next document. Throws SilentSocketError after so many milliseconds. */
  next(limit: number): Promise<unknown> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift());
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#close(new SilentSocketError(`${this.path} gave no answer for ${limit / 1_000} s`)),
        limit,
      );
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      this.#waiting = { resolve: settled(resolve), reject: settled(reject) };
    });
  }

  close(): void {
    this.#close(new SilentSocketError(`${this.path} was closed`));
  }

  #take(chunk: Buffer) {
    let rest = chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      this.#line(Buffer.concat([...this.#text, rest.subarray(0, end)]).toString('utf8'));
      this.#text = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
    }
    this.#text.push(rest);
    this.#length += rest.length;
    if (this.#length > MAX_ANSWER)
      this.#close(new SilentSocketError(`${this.path} sends a line of more than ${MAX_ANSWER} bytes`));
  }

  #line(line: string) {
    // An agent answers the reset with the same byte.
    const text = line.replaceAll('\ufffd', '').trim();
    if (text === '' || this.#end) return;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return this.#close(new SilentSocketError(`${this.path} does not speak JSON: ${text.slice(0, 60)}`));
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(document);
    else if (this.#arrived.push(document) > MAX_UNASKED)
      this.#close(new SilentSocketError(`${this.path} sends documents without end`));
  }

  #close(error: Error) {
    this.#end ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#end);
    this.#waiting = undefined;
  }
}
