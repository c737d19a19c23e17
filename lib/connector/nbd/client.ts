import { connect, type Socket } from 'node:net';
import type { Extent } from '../source.ts';
import { Inflow } from './inflow.ts';
import { type Export, negotiate } from './negotiate.ts';
import {
  ALLOCATION,
  COMMAND,
  COMMAND_FLAG,
  DIRTY_BITMAP,
  NbdError,
  REQUEST_MAGIC,
  REQUEST_SIZE,
  STATE_DIRTY,
  STATE_ZERO,
} from './protocol.ts';
import { type Pending, receiveReplies } from './replies.ts';

/** Requests under way at once: what qemu-nbd works on in parallel. The others wait here. */
const MAX_IN_FLIGHT = 16;
/** Bytes that one request for the block status asks about: the server answers in as many extents as it likes, for a part of it. */
const STATUS_SPAN = 2 ** 31;

/** A Unix socket's path, or a host and its TCP port. */
export type NbdAddress = string | { readonly host: string; readonly port: number };

export interface NbdOptions {
  readonly exportName?: string;
  /** A bitmap of QEMU's to ask for (`dirty`), instead of where zeros are. */
  readonly bitmap?: string;
  /** Milliseconds without any answer after which a server that owes one is given up. */
  readonly silence: number;
}

/** A disk that an NBD server exports, for reading. Memory is the callers' buffers and what the operating system holds for the socket. */
export interface NbdClient {
  /** Bytes. */
  readonly size: number;
  read(offset: number, into: Buffer): Promise<void>;
  /** Where there may be other bytes than zeros, as the server tells; everywhere when it cannot. */
  allocated(): AsyncGenerator<Extent>;
  /** What the bitmap marks. Throws NbdError where the server has none of that name. */
  dirty(): AsyncGenerator<Extent>;
  close(): void;
}

/** Connects to the server. Throws NbdError, or the socket's error when nobody listens there. */
export async function connectNbd(address: NbdAddress, options: NbdOptions): Promise<NbdClient> {
  const socket = await connected(address);
  const watch = watchdog(socket, options.silence);
  try {
    const inflow = new Inflow(socket);
    watch.expect();
    const context = options.bitmap === undefined ? ALLOCATION : `${DIRTY_BITMAP}${options.bitmap}`;
    const { exportName = '' } = options;
    const offer = await negotiate(socket, inflow, { exportName, context });
    watch.rest();
    return new Client(socket, inflow, { offer, watch });
  } catch (error) {
    watch.rest();
    socket.destroy();
    throw error;
  }
}

function connected(address: NbdAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = typeof address === 'string' ? connect(address) : connect(address.port, address.host);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

type Watchdog = ReturnType<typeof watchdog>;

/** Breaks the connection when the server owes an answer and stays silent. */
function watchdog(socket: Socket, silence: number) {
  let timer: NodeJS.Timeout | undefined;
  const bite = () => socket.destroy(new NbdError(`no answer for ${silence / 1_000} s`));
  return {
    expect() {
      timer ??= setTimeout(bite, silence).unref();
    },
    heard: () => timer?.refresh(),
    rest() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

class Client implements NbdClient {
  readonly size: number;
  readonly #socket: Socket;
  readonly #offer: Export;
  readonly #watch: Watchdog;
  readonly #pending = new Map<number, Pending>();
  readonly #queue: (() => void)[] = [];
  #inFlight = 0;
  #cookie = 0;
  #end: Error | undefined;

  constructor(socket: Socket, inflow: Inflow, { offer, watch }: { offer: Export; watch: Watchdog }) {
    this.size = offer.size;
    this.#socket = socket;
    this.#offer = offer;
    this.#watch = watch;
    receiveReplies(inflow, this.#pending, () => this.#heard()).catch((error: Error) => this.#fail(error));
  }

  async read(offset: number, into: Buffer): Promise<void> {
    if (offset < 0 || offset + into.length > this.size)
      throw new NbdError(`bytes ${offset} to ${offset + into.length} do not lie inside the ${this.size} of the disk`);
    const step = this.#offer.maximumPayload;
    for (let at = 0; at < into.length; at += step) await this.#readPiece(offset + at, into.subarray(at, at + step));
  }

  async *allocated(): AsyncGenerator<Extent> {
    if (this.size > 0 && this.#offer.context === undefined) yield { offset: 0, length: this.size };
    else yield* joined(this.#statuses((state) => (state & STATE_ZERO) === 0));
  }

  async *dirty(): AsyncGenerator<Extent> {
    if (this.#offer.context === undefined) throw new NbdError('the server does not export the bitmap');
    yield* joined(this.#statuses((state) => (state & STATE_DIRTY) !== 0));
  }

  close() {
    const goodbye = requestOf({ command: COMMAND.DISCONNECT, cookie: 0, offset: 0, length: 0 });
    if (!this.#end) this.#socket.end(goodbye, () => this.#socket.destroy());
    this.#fail(new NbdError('the connection was closed'));
  }

  #readPiece(offset: number, into: Buffer) {
    const flags = this.#offer.canRefuseFragments ? COMMAND_FLAG.DONT_FRAGMENT : 0;
    return this.#request({ command: COMMAND.READ, flags, offset, length: into.length }, (settle) => ({
      kind: 'read',
      into,
      missing: into.length,
      offset,
      ...settle,
    }));
  }

  async *#statuses(isWanted: (state: number) => boolean): AsyncGenerator<Extent> {
    for (let offset = 0; offset < this.size; ) {
      const { lengths, flags } = await this.#status(offset);
      const start = offset;
      for (let position = 0; position < lengths.length && offset < this.size; position++) {
        // The last extent may reach behind what was asked for.
        const length = Math.min(lengths[position]!, this.size - offset);
        if (isWanted(flags[position]!)) yield { offset, length };
        offset += length;
      }
      if (offset === start) throw new NbdError('the server tells the block status of nothing');
    }
  }

  async #status(offset: number) {
    const found = { lengths: [] as number[], flags: [] as number[] };
    const length = Math.min(STATUS_SPAN, this.size - offset);
    const context = this.#offer.context!;
    await this.#request({ command: COMMAND.BLOCK_STATUS, flags: 0, offset, length }, (settle) => ({
      kind: 'status',
      context,
      offset,
      ...found,
      ...settle,
    }));
    return found;
  }

  async #request(
    request: Omit<Request, 'cookie'>,
    pendingOf: (settle: Pick<Pending, 'done' | 'fail'>) => Pending,
  ): Promise<void> {
    if (this.#inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#inFlight++;
    try {
      if (this.#end) throw this.#end;
      await new Promise<void>((done, fail) => {
        const cookie = ++this.#cookie;
        this.#pending.set(cookie, pendingOf({ done, fail }));
        this.#watch.expect();
        this.#socket.write(requestOf({ ...request, cookie }));
      });
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#inFlight--;
    }
  }

  #heard() {
    if (this.#pending.size > 0) this.#watch.heard();
    else this.#watch.rest();
  }

  #fail(error: Error) {
    if (this.#end) return;
    this.#end = error;
    this.#watch.rest();
    if (!this.#socket.writableEnded) this.#socket.destroy();
    for (const { fail } of this.#pending.values()) fail(error);
    this.#pending.clear();
  }
}

interface Request {
  readonly command: number;
  readonly flags?: number;
  readonly cookie: number;
  readonly offset: number;
  readonly length: number;
}

function requestOf({ command, flags = 0, cookie, offset, length }: Request): Buffer {
  const bytes = Buffer.alloc(REQUEST_SIZE);
  bytes.writeUInt32BE(REQUEST_MAGIC, 0);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(command, 6);
  bytes.writeBigUInt64BE(BigInt(cookie), 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}

/** Neighbours made one. */
async function* joined(extents: AsyncIterable<Extent>): AsyncGenerator<Extent> {
  let last: Extent | undefined;
  for await (const { offset, length } of extents) {
    if (last && last.offset + last.length === offset) last = { offset: last.offset, length: last.length + length };
    else {
      if (last) yield last;
      last = { offset, length };
    }
  }
  if (last) yield last;
}
