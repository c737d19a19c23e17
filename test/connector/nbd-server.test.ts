import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Bytes } from '../../lib/connector/bytes.ts';
import { connectNbd } from '../../lib/connector/nbd/client.ts';
import { type NbdServer, serveNbd } from '../../lib/connector/nbd/server.ts';

let folder: string;
let socket: string;
let server: NbdServer;
const disk = Buffer.alloc(1_000_448);
for (let at = 0; at < disk.length; at += 4) disk.writeUInt32LE(at, at);
const bytes: Bytes = {
  size: disk.length,
  async read(offset, into) {
    if (offset === 512_000) throw new Error('a bad sector');
    disk.copy(into, 0, offset);
  },
  async *allocated() {},
  async close() {},
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  socket = join(folder, 'nbd');
  server = await serveNbd(socket, new Map([['disk0', bytes]]));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const open = (exportName: string) => connectNbd(socket, { exportName, silence: 10_000 });

test('serves bytes by name, to several at once', async () => {
  const clients = await Promise.all([open('disk0'), open('disk0')]);
  for (const client of clients) {
    expect(client.size).toBe(disk.length);
    const parts = await Promise.all(
      [0, 1_000, 999_936].map(async (offset) => {
        const into = Buffer.alloc(512);
        await client.read(offset, into);
        return into.equals(disk.subarray(offset, offset + 512));
      }),
    );
    expect(parts).toEqual([true, true, true]);
    client.close();
  }
  await expect(open('other')).rejects.toThrow('the server refuses export "other"');
});

test('answers a failure of a read, and goes on', async () => {
  const client = await open('disk0');
  await expect(client.read(512_000, Buffer.alloc(512))).rejects.toThrow('EIO');
  await client.read(0, Buffer.alloc(512));
  client.close();
});

test.each<[string, Buffer]>([
  ['noise', Buffer.alloc(200, 'noise')],
  [
    'an option of absurd length',
    Buffer.concat([Buffer.alloc(4), Buffer.from('IHAVEOPT'), Buffer.from([0, 0, 0, 7, 255, 255, 255, 255])]),
  ],
  [
    'an option that is cut off in itself',
    Buffer.concat([
      Buffer.alloc(4),
      Buffer.from('IHAVEOPT'),
      Buffer.from([0, 0, 0, 7, 0, 0, 0, 2, 1, 1]),
      Buffer.from('IHAVEOPT'),
      Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]),
    ]),
  ],
])('ends a connection that sends %s, and no other', async (_, sent) => {
  const client = await open('disk0');
  const other = connect(socket);
  other.on('error', () => {});
  other.resume();
  other.write(sent);
  await once(other, 'close');
  await client.read(0, Buffer.alloc(512));
  client.close();
});
