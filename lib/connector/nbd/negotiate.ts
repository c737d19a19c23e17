import type { Socket } from 'node:net';
import type { Inflow } from './inflow.ts';
import {
  EXPORT,
  HANDSHAKE,
  INFO,
  MAGIC,
  MAX_PAYLOAD,
  NbdError,
  OPTION,
  OPTION_ERROR,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_MAGIC,
} from './protocol.ts';

/** What the server offers, once both have agreed. */
export interface Export {
  /** Bytes. */
  readonly size: number;
  readonly structured: boolean;
  /** Number of the context of block status; without it the server cannot tell what was asked for. */
  readonly context?: number;
  readonly canRefuseFragments: boolean;
  /** Bytes to which offsets and lengths are aligned. */
  readonly minimumBlock: number;
  /** Bytes of a read at most. */
  readonly maximumPayload: number;
}

interface OptionReply {
  readonly type: number;
  readonly data: Buffer;
}

/** Replies to an option that a server may send; one that never ends its list is none. */
const MAX_REPLIES = 64;
/** Bytes of such a reply: names have 4096 at most. */
const MAX_REPLY = 2 ** 16;

/** Agrees with the server on structured replies, a context of block status and the export of that name. Throws NbdError. */
export async function negotiate(
  socket: Socket,
  inflow: Inflow,
  { exportName, context }: { exportName: string; context: string },
): Promise<Export> {
  await greet(socket, inflow);
  const structured = (await ask(OPTION.STRUCTURED_REPLY, Buffer.alloc(0), { socket, inflow })).at(-1)!.type === 1;
  const query = Buffer.concat([lengthAndText(exportName), uint32(1), lengthAndText(context)]);
  const number = structured ? await askContext(query, { socket, inflow }) : undefined;
  const replies = await ask(OPTION.GO, goOf(exportName), { socket, inflow });
  const last = replies.at(-1)!;
  if (last.type !== OPTION_REPLY.ACK)
    throw new NbdError(`the server refuses export "${exportName}": ${textOf(last) || `reply ${last.type}`}`);
  return { ...exportOf(replies), structured, ...(number === undefined ? {} : { context: number }) };
}

async function greet(socket: Socket, inflow: Inflow) {
  const greeting = await inflow.take(18);
  if (greeting.readBigUInt64BE(0) !== MAGIC || greeting.readBigUInt64BE(8) !== OPTION_MAGIC)
    throw new NbdError('the server does not speak the NBD protocol in its newstyle form');
  const flags = greeting.readUInt16BE(16);
  if ((flags & HANDSHAKE.FIXED_NEWSTYLE) === 0) throw new NbdError('the server has no fixed newstyle handshake');
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(flags & (HANDSHAKE.FIXED_NEWSTYLE | HANDSHAKE.NO_ZEROES));
  socket.write(answer);
}

/** Sends an option. Answers all replies to it; the last is an ACK or a failure. */
async function ask(option: number, data: Buffer, { socket, inflow }: { socket: Socket; inflow: Inflow }) {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(OPTION_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(data.length, 12);
  socket.write(Buffer.concat([header, data]));
  const replies: OptionReply[] = [];
  for (;;) {
    const reply = await readReply(option, inflow);
    replies.push(reply);
    if (reply.type === OPTION_REPLY.ACK || reply.type >= OPTION_ERROR) return replies;
    if (replies.length > MAX_REPLIES) throw new NbdError(`the server does not stop answering option ${option}`);
  }
}

async function readReply(option: number, inflow: Inflow): Promise<OptionReply> {
  const header = await inflow.take(20);
  const length = header.readUInt32BE(16);
  if (header.readBigUInt64BE(0) !== OPTION_REPLY_MAGIC || header.readUInt32BE(8) !== option || length > MAX_REPLY)
    throw new NbdError(`the server answers option ${option} with something else`);
  return { type: header.readUInt32BE(12), data: await inflow.take(length) };
}

async function askContext(query: Buffer, connection: { socket: Socket; inflow: Inflow }) {
  const replies = await ask(OPTION.SET_META_CONTEXT, query, connection);
  return replies.find(({ type }) => type === OPTION_REPLY.META_CONTEXT)?.data.readUInt32BE(0);
}

const goOf = (exportName: string) =>
  Buffer.concat([lengthAndText(exportName), Buffer.from([0, 1, 0, INFO.BLOCK_SIZE])]);

function exportOf(replies: readonly OptionReply[]) {
  const infos = replies.filter(({ type, data }) => type === OPTION_REPLY.INFO && data.length >= 2);
  const find = (kind: number) => infos.find(({ data }) => data.readUInt16BE(0) === kind)?.data;
  const main = find(INFO.EXPORT);
  if (!main || main.length < 12) throw new NbdError('the server does not tell the size of its export');
  const blocks = find(INFO.BLOCK_SIZE);
  return {
    size: sizeOf(main.readBigUInt64BE(2)),
    canRefuseFragments: (main.readUInt16BE(10) & EXPORT.SEND_DF) !== 0,
    minimumBlock: blocks ? blocks.readUInt32BE(2) : 1,
    maximumPayload: Math.min(blocks ? blocks.readUInt32BE(10) : MAX_PAYLOAD, MAX_PAYLOAD),
  };
}

function sizeOf(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new NbdError(`the server exports ${size} bytes, which is absurd`);
  return Number(size);
}

const textOf = ({ data }: OptionReply) => data.toString('utf8');

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const lengthAndText = (text: string) => Buffer.concat([uint32(Buffer.byteLength(text)), Buffer.from(text)]);
