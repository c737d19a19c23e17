import type { Inflow } from './inflow.ts';
import {
  ERRORS,
  NbdError,
  REPLY,
  REPLY_ERROR,
  REPLY_FLAG,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './protocol.ts';

/** A request under way. */
export type Pending = {
  readonly offset: number;
  done(): void;
  fail(error: Error): void;
  error?: NbdError;
} & (
  | { readonly kind: 'read'; readonly into: Buffer; missing: number }
  | { readonly kind: 'status'; readonly context: number; readonly lengths: number[]; readonly flags: number[] }
);

/** Bytes of a piece that holds no data of a read: 128 Ki extents with their context. */
const MAX_PIECE = 2 ** 20 + 4;

/** Reads replies until the connection ends, and settles the requests. Only ends by throwing NbdError. */
export async function receiveReplies(inflow: Inflow, pending: Map<number, Pending>, onReply: () => void) {
  const header = Buffer.alloc(20);
  for (;;) {
    await inflow.fill(header.subarray(0, 16));
    const magic = header.readUInt32BE(0);
    if (magic === SIMPLE_REPLY_MAGIC) await simpleReply(header, { inflow, pending });
    else if (magic === STRUCTURED_REPLY_MAGIC) {
      await inflow.fill(header.subarray(16));
      await structuredReply(header, { inflow, pending });
    } else throw new NbdError('the server sent something that is no reply');
    onReply();
  }
}

interface Receiver {
  readonly inflow: Inflow;
  readonly pending: Map<number, Pending>;
}

async function simpleReply(header: Buffer, { inflow, pending }: Receiver) {
  const [cookie, request] = requestOf(header.readBigUInt64BE(8), pending);
  const error = header.readUInt32BE(4);
  if (error !== 0) request.error = new NbdError(errorName(error));
  else if (request.kind === 'read') {
    await inflow.fill(request.into);
    request.missing = 0;
  }
  settle(cookie, request, pending);
}

async function structuredReply(header: Buffer, { inflow, pending }: Receiver) {
  const [cookie, request] = requestOf(header.readBigUInt64BE(8), pending);
  const type = header.readUInt16BE(6);
  await readPiece(type, header.readUInt32BE(16), { inflow, request });
  if (header.readUInt16BE(4) & REPLY_FLAG.DONE) settle(cookie, request, pending);
}

function requestOf(cookie: bigint, pending: Map<number, Pending>): [number, Pending] {
  const request = pending.get(Number(cookie));
  if (!request) throw new NbdError('the server answered a request that was never made');
  return [Number(cookie), request];
}

async function readPiece(type: number, length: number, { inflow, request }: { inflow: Inflow; request: Pending }) {
  if (type === REPLY.OFFSET_DATA && request.kind === 'read') return readData(length, { inflow, request });
  if (length > MAX_PIECE) throw new NbdError(`the server sent a reply of ${length} bytes`);
  const data = await inflow.take(length);
  if (type & REPLY_ERROR) request.error ??= new NbdError(errorOf(data));
  else if (type === REPLY.OFFSET_HOLE && request.kind === 'read' && length === 12)
    pieceOf(request, data.readBigUInt64BE(0), data.readUInt32BE(8)).fill(0);
  else if (type === REPLY.BLOCK_STATUS && request.kind === 'status') readStatus(data, request);
  else if (type !== REPLY.NONE) throw new NbdError(`the server sent a reply of type ${type} that was not asked for`);
}

type Read = Extract<Pending, { kind: 'read' }>;

async function readData(length: number, { inflow, request }: { inflow: Inflow; request: Read }) {
  if (length < 8) throw new NbdError('the server sent data without saying where they belong');
  const offset = (await inflow.take(8)).readBigUInt64BE(0);
  await inflow.fill(pieceOf(request, offset, length - 8));
}

/** Where in the reader's buffer the piece belongs. */
function pieceOf(request: Read, offset: bigint, length: number): Buffer {
  const start = Number(offset) - request.offset;
  if (start < 0 || start + length > request.into.length || length > request.missing)
    throw new NbdError('the server sent bytes that were not asked for');
  request.missing -= length;
  return request.into.subarray(start, start + length);
}

function readStatus(data: Buffer, request: Extract<Pending, { kind: 'status' }>) {
  if (data.length < 12 || data.length % 8 !== 4) throw new NbdError('the server sent a block status of no sense');
  if (data.readUInt32BE(0) !== request.context) return;
  for (let at = 4; at < data.length; at += 8) {
    request.lengths.push(data.readUInt32BE(at));
    request.flags.push(data.readUInt32BE(at + 4));
  }
}

function settle(cookie: number, request: Pending, pending: Map<number, Pending>) {
  pending.delete(cookie);
  if (request.kind === 'read' && request.missing > 0)
    request.error ??= new NbdError('the server left bytes out that were asked for');
  if (request.error) request.fail(request.error);
  else request.done();
}

const errorName = (error: number) => `the server answered ${ERRORS[error] ?? `error ${error}`}`;

function errorOf(data: Buffer): string {
  if (data.length < 6) return 'the server failed and does not say why';
  const message = data.toString('utf8', 6, Math.min(data.length, 6 + data.readUInt16BE(4)));
  return `${errorName(data.readUInt32BE(0))}${message ? `: ${message}` : ''}`;
}
