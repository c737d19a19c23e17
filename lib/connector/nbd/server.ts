import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Bytes } from '../bytes.ts';
import { Inflow } from './inflow.ts';
import {
  COMMAND,
  HANDSHAKE,
  INFO,
  MAGIC,
  MAX_PAYLOAD,
  OPTION,
  OPTION_ERROR,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_MAGIC,
  REQUEST_MAGIC,
  REQUEST_SIZE,
  SIMPLE_REPLY_MAGIC,
} from './protocol.ts';

/** Bytes of an option's data at most: a name has 4096. */
const MAX_OPTION = 2 ** 16;
/** Numbers of errors: no such option, no such export (of options); Linux's EIO, EINVAL and EPERM (of requests). */
const UNSUPPORTED = OPTION_ERROR + 1;
const UNKNOWN_EXPORT = OPTION_ERROR + 6;
const EIO = 5;
const EINVAL = 22;
const EPERM = 1;

export interface NbdServer {
  close(): Promise<void>;
}

/** Serves bytes for reading on a Unix socket, by the names given. Whoever can open the socket can read them. */
export async function serveNbd(path: string, exports: ReadonlyMap<string, Bytes>): Promise<NbdServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // It ends when the client goes, in whatever way.
    serve(socket, exports).catch(() => socket.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(socket: Socket, exports: ReadonlyMap<string, Bytes>) {
  const inflow = new Inflow(socket);
  const bytes = await negotiate(socket, inflow, exports);
  if (!bytes) return socket.end();
  for (;;) {
    const request = await inflow.take(REQUEST_SIZE);
    if (request.readUInt32BE(0) !== REQUEST_MAGIC) return socket.destroy();
    const command = request.readUInt16BE(6);
    if (command === COMMAND.DISCONNECT) return socket.end();
    // A write would bring data along, behind which the next request could not be found.
    if (command === WRITE) return socket.destroy();
    void answer(request, bytes).then((reply) => socket.write(reply));
  }
}

const WRITE = 1;
const FLUSH = 3;

async function answer(request: Buffer, bytes: Bytes): Promise<Buffer> {
  const command = request.readUInt16BE(6);
  const offset = Number(request.readBigUInt64BE(16));
  const length = request.readUInt32BE(24);
  if (command === FLUSH) return reply(request, 0);
  if (command !== COMMAND.READ) return reply(request, EPERM);
  if (offset + length > bytes.size || length > MAX_PAYLOAD) return reply(request, EINVAL);
  const answer = reply(request, 0, length);
  return bytes.read(offset, answer.subarray(16)).then(
    () => answer,
    () => reply(request, EIO),
  );
}

function reply(request: Buffer, error: number, length = 0): Buffer {
  const bytes = Buffer.allocUnsafe(16 + length);
  bytes.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
  bytes.writeUInt32BE(error, 4);
  request.copy(bytes, 8, 8, 16);
  return bytes;
}

/** Agrees on an export; undefined when the client only asked. */
async function negotiate(socket: Socket, inflow: Inflow, exports: ReadonlyMap<string, Bytes>) {
  const greeting = Buffer.alloc(18);
  greeting.writeBigUInt64BE(MAGIC, 0);
  greeting.writeBigUInt64BE(OPTION_MAGIC, 8);
  greeting.writeUInt16BE(HANDSHAKE.FIXED_NEWSTYLE | HANDSHAKE.NO_ZEROES, 16);
  socket.write(greeting);
  await inflow.take(4);
  for (;;) {
    const header = await inflow.take(16);
    const [option, length] = [header.readUInt32BE(8), header.readUInt32BE(12)];
    if (header.readBigUInt64BE(0) !== OPTION_MAGIC || length > MAX_OPTION) return undefined;
    const data = await inflow.take(length);
    if (option === ABORT) return undefined;
    if (option !== OPTION.GO && option !== INFORM) {
      socket.write(optionReply(option, UNSUPPORTED));
      continue;
    }
    const bytes = length >= 4 ? exports.get(data.toString('utf8', 4, 4 + data.readUInt32BE(0))) : undefined;
    if (bytes) socket.write(Buffer.concat([exportInfo(option, bytes), optionReply(option, OPTION_REPLY.ACK)]));
    else socket.write(optionReply(option, UNKNOWN_EXPORT));
    if (bytes && option === OPTION.GO) return bytes;
  }
}

const ABORT = 2;
const INFORM = 6;
/** Transmission flags: there are flags; nothing can be written. */
const HAS_FLAGS = 1;
const READ_ONLY = 2;
const CAN_FLUSH = 4;

function exportInfo(option: number, { size }: Bytes): Buffer {
  const info = Buffer.alloc(12);
  info.writeUInt16BE(INFO.EXPORT, 0);
  info.writeBigUInt64BE(BigInt(size), 2);
  info.writeUInt16BE(HAS_FLAGS | READ_ONLY | CAN_FLUSH, 10);
  return optionReply(option, OPTION_REPLY.INFO, info);
}

function optionReply(option: number, type: number, data = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(20);
  header.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(type, 12);
  header.writeUInt32BE(data.length, 16);
  return Buffer.concat([header, data]);
}
