import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectNbd, type NbdClient } from '../../lib/connector/nbd/client.ts';
import { until } from '../support/start.ts';

let folder: string;
let socket: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  socket = join(folder, 'socket');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

const connect = (more: { exportName?: string; silence?: number } = {}) =>
  connectNbd(socket, { silence: 10_000, ...more });

async function extentsOf(client: NbdClient) {
  const extents: [number, number][] = [];
  for await (const { offset, length } of client.allocated()) extents.push([offset, length]);
  return extents;
}

async function bytesAt(client: NbdClient, offset: number, length: number): Promise<string> {
  const into = Buffer.alloc(length, '?');
  await client.read(offset, into);
  return into.toString('latin1');
}

if (spawnSync('nbdkit', ['--version']).error)
  test.skip('nbdkit: skipped, since there is no nbdkit (apt-get install nbdkit)', () => {});
else
  describe('with nbdkit', () => {
    /** Waits for the server by its pid file, which it writes when it listens. */
    async function nbdkit(...args: string[]): Promise<ChildProcess> {
      const pid = join(folder, `pid${children.length}`);
      const child = spawn('nbdkit', ['-f', '-r', '-U', socket, '-P', pid, ...args], { stdio: 'ignore' });
      children.push(child);
      await until(async () => existsSync(pid), Boolean);
      return child;
    }
    const DATA = ['data', 'data=@1048576 "one" @3145728 "three"', 'size=8388608'];

    test.each([
      ['structured replies', []],
      ['simple replies', ['--no-sr']],
    ])('reads bytes in %s', async (_, options) => {
      await nbdkit(...options, ...DATA);
      const client = await connect();
      expect(client.size).toBe(2 ** 23);
      expect(await bytesAt(client, 2 ** 20 - 2, 7)).toBe('\0\0one\0\0');
      expect(await bytesAt(client, 2 ** 23 - 4, 4)).toBe('\0\0\0\0');
      expect(await bytesAt(client, 5, 0)).toBe('');
      client.close();
    });

    test('tells where there may be data; without block status, everywhere', async () => {
      await nbdkit(...DATA);
      const client = await connect();
      const extents = await extentsOf(client);
      expect(extents.map(([offset]) => offset)).toEqual([2 ** 20, 3 * 2 ** 20]);
      expect(extents.every(([, length]) => length < 2 ** 20)).toBe(true);
      client.close();
      await nbdkit('--no-sr', '-U', join(folder, 'simple'), ...DATA);
      const simple = await connectNbd(join(folder, 'simple'), { silence: 10_000 });
      expect(await extentsOf(simple)).toEqual([[0, 2 ** 23]]);
      simple.close();
    });

    test('tells the extents of 8 TiB, in requests of a part each, and joins neighbours', async () => {
      await nbdkit('pattern', 'size=8T');
      const client = await connect();
      expect(await extentsOf(client)).toEqual([[0, 2 ** 43]]);
      client.close();
    });

    test('reads at hundred places at once, in whatever order the answers come', async () => {
      await nbdkit('--filter=delay', '--threads=16', 'pattern', 'size=1G', 'rdelay=1ms');
      const client = await connect();
      const offsets = Array.from({ length: 100 }, (_, position) => position * 1_000_000);
      const read = await Promise.all(
        offsets.map(async (offset) => {
          const into = Buffer.alloc(80_000);
          await client.read(offset, into);
          return into;
        }),
      );
      // The plugin's bytes at each offset, in steps of 8, are that offset in 64 bits.
      for (const [position, into] of read.entries())
        for (const at of [0, 79_992]) expect(into.readBigUInt64BE(at)).toBe(BigInt(offsets[position]! + at));
      client.close();
    });

    test('reads more than a request can carry', async () => {
      await nbdkit('pattern', 'size=100M');
      const client = await connect();
      const into = Buffer.alloc(80 * 2 ** 20);
      await client.read(8, into);
      for (const at of [0, 2 ** 25, 2 ** 26 - 8, into.length - 8])
        expect(into.readBigUInt64BE(at)).toBe(BigInt(at + 8));
      client.close();
    });

    test.each([
      ['structured replies', [], 'the server answered EIO'],
      ['simple replies', ['--no-sr'], 'the server answered EIO'],
    ])('fails with the error of the server, and goes on, in %s', async (_, options, message) => {
      const fault = join(folder, 'fault');
      await nbdkit(
        ...options,
        '--filter=error',
        ...DATA,
        'error-pread=EIO',
        'error-pread-rate=100%',
        `error-pread-file=${fault}`,
      );
      const client = await connect();
      expect(await bytesAt(client, 2 ** 20, 3)).toBe('one');
      spawnSync('touch', [fault]);
      await expect(bytesAt(client, 2 ** 20, 3)).rejects.toMatchObject({
        name: 'NbdError',
        message: expect.stringContaining(message),
      });
      rmSync(fault);
      expect(await bytesAt(client, 2 ** 20, 3)).toBe('one');
      client.close();
    });

    test('fails for an export that there is not', async () => {
      await nbdkit('--filter=exportname', ...DATA, 'exportname=disk', 'exportname-strict=true');
      const client = await connect({ exportName: 'disk' });
      expect(await bytesAt(client, 2 ** 20, 3)).toBe('one');
      client.close();
      await expect(connect({ exportName: 'other' })).rejects.toMatchObject({
        name: 'NbdError',
        message: expect.stringContaining('the server refuses export "other"'),
      });
    });

    test('fails outside of the disk, when the server ends, and once it is closed', async () => {
      const server = await nbdkit('--filter=delay', ...DATA, 'rdelay=30');
      const client = await connect();
      await expect(bytesAt(client, 2 ** 23, 1)).rejects.toThrow('do not lie inside');
      const reading = bytesAt(client, 0, 1);
      server.kill('SIGKILL');
      await expect(reading).rejects.toMatchObject({ name: 'NbdError' });
      await expect(bytesAt(client, 0, 1)).rejects.toMatchObject({ name: 'NbdError' });
      client.close();
      await expect(bytesAt(client, 0, 1)).rejects.toMatchObject({ name: 'NbdError' });
    });

    test('fails when the server stays silent', async () => {
      await nbdkit('--filter=delay', ...DATA, 'rdelay=30');
      const client = await connect({ silence: 50 });
      await expect(bytesAt(client, 0, 1)).rejects.toMatchObject({
        name: 'NbdError',
        message: expect.stringContaining('no answer for 0.05 s'),
      });
    });
  });

describe('with a server that does not keep to the protocol', () => {
  let server: Server;
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const one of sockets.splice(0)) one.destroy();
    server.close();
  });

  /** Says all of it at once, whatever it is asked. */
  async function serving(...bytes: Buffer[]) {
    server = createServer((one) => {
      sockets.push(one);
      one.on('error', () => {});
      one.write(Buffer.concat(bytes));
    }).listen(socket);
    await once(server, 'listening');
  }

  const numbers = (...values: (readonly [bits: 16 | 32 | 64, value: number | bigint])[]) =>
    Buffer.concat(
      values.map(([bits, value]) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(BigInt(value));
        return bytes.subarray(8 - bits / 8);
      }),
    );
  const GREETING = Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), numbers([16, 3])]);
  const reply = (option: number, type: number, data = Buffer.alloc(0)) =>
    Buffer.concat([numbers([64, 0x3e889045565a9n], [32, option], [32, type], [32, data.length]), data]);
  const STRUCTURED = reply(8, 1);
  const CONTEXT = Buffer.concat([reply(10, 4, numbers([32, 1])), reply(10, 1)]);
  const go = (size: number | bigint) =>
    Buffer.concat([reply(7, 3, numbers([16, 0], [64, size], [16, 3])), reply(7, 1)]);
  const READY = [GREETING, STRUCTURED, CONTEXT, go(1_000)];
  const piece = (type: number, data: Buffer, { cookie = 1, flags = 1 } = {}) =>
    Buffer.concat([numbers([32, 0x668e33ef], [16, flags], [16, type], [64, cookie], [32, data.length]), data]);

  test.each<[string, Buffer[], string]>([
    ['greets in another language', [Buffer.from('HTTP/1.1 400 Bad Request')], 'does not speak the NBD protocol'],
    ['has the old handshake', [Buffer.from('NBDMAGICIHAVEOPT\0\0')], 'has no fixed newstyle handshake'],
    ['answers another option', [GREETING, reply(9, 1)], 'answers option 8 with something else'],
    ['answers without end', [GREETING, ...Array<Buffer>(100).fill(reply(8, 3))], 'does not stop answering option 8'],
    [
      'answers at absurd length',
      [GREETING, numbers([64, 0x3e889045565a9n], [32, 8], [32, 1], [32, 2 ** 30])],
      'option 8',
    ],
    ['tells no size', [GREETING, STRUCTURED, CONTEXT, reply(7, 1)], 'does not tell the size'],
    ['exports an absurd size', [GREETING, STRUCTURED, CONTEXT, go(2n ** 62n)], 'exports 4611686018427387904 bytes'],
  ])('fails to connect to one that %s', async (_, bytes, message) => {
    await serving(...bytes);
    await expect(connect()).rejects.toMatchObject({ name: 'NbdError', message: expect.stringContaining(message) });
  });

  test('fails to connect to one that says nothing, or hangs up', async () => {
    await serving();
    await expect(connect({ silence: 30 })).rejects.toThrow('no answer for 0.03 s');
    const connecting = connect();
    await until(
      async () => sockets.length,
      (count) => count === 2,
    );
    sockets[1]!.destroy();
    await expect(connecting).rejects.toMatchObject({ name: 'NbdError' });
  });

  const TEN = Buffer.alloc(10, 'x');
  test.each<[string, Buffer, string]>([
    ['answers in another language', Buffer.alloc(40, 'x'), 'something that is no reply'],
    ['answers what nobody asked', piece(1, TEN, { cookie: 7 }), 'a request that was never made'],
    ['sends bytes before those asked for', piece(1, Buffer.concat([numbers([64, 0]), TEN])), 'not asked for'],
    ['sends too many bytes', piece(1, Buffer.concat([numbers([64, 100]), TEN, TEN])), 'not asked for'],
    ['sends too few', piece(1, Buffer.concat([numbers([64, 100]), TEN.subarray(1)])), 'left bytes out'],
    ['sends bytes without a place', piece(1, TEN.subarray(4)), 'without saying where they belong'],
    ['sends a hole that is too long', piece(2, numbers([64, 100], [32, 11])), 'not asked for'],
    [
      'sends a reply at absurd length',
      numbers([32, 0x668e33ef], [16, 1], [16, 5], [64, 1], [32, 2 ** 31]),
      'a reply of 2147483648',
    ],
    ['sends a block status', piece(5, numbers([32, 1], [32, 10], [32, 0])), 'type 5 that was not asked for'],
    ['fails without a reason', piece(32_769, numbers([32, 5])), 'does not say why'],
    [
      'fails for a reason',
      piece(32_769, Buffer.concat([numbers([32, 28], [16, 4]), Buffer.from('full')])),
      'ENOSPC: full',
    ],
  ])('fails to read from one that %s', async (_, bytes, message) => {
    await serving(...READY, bytes);
    const client = await connect();
    await expect(client.read(100, Buffer.alloc(10))).rejects.toMatchObject({
      name: 'NbdError',
      message: expect.stringContaining(message),
    });
    client.close();
  });

  test('takes a read in pieces and holes', async () => {
    const pieces = [
      piece(1, Buffer.concat([numbers([64, 105]), Buffer.from('world')]), { flags: 0 }),
      piece(2, numbers([64, 103], [32, 2]), { flags: 0 }),
      piece(1, Buffer.concat([numbers([64, 100]), Buffer.from('his')]), { flags: 0 }),
      piece(0, Buffer.alloc(0)),
    ];
    await serving(...READY, ...pieces);
    const client = await connect();
    expect(await bytesAt(client, 100, 10)).toBe('his\0\0world');
    client.close();
  });

  test.each<[string, Buffer, string]>([
    ['nothing', piece(0, Buffer.alloc(0)), 'the block status of nothing'],
    ['of no length', piece(5, numbers([32, 1], [32, 0], [32, 0])), 'the block status of nothing'],
    ['in parts of no sense', piece(5, numbers([32, 1], [32, 10])), 'a block status of no sense'],
    ['of another context', piece(5, numbers([32, 2], [32, 10], [32, 0])), 'the block status of nothing'],
  ])('fails for a block status that tells %s', async (_, bytes, message) => {
    await serving(...READY, bytes);
    const client = await connect();
    await expect(extentsOf(client)).rejects.toThrow(message);
    client.close();
  });

  test('cuts extents off at the end of the disk', async () => {
    await serving(...READY, piece(5, numbers([32, 1], [32, 400], [32, 3], [32, 2_000], [32, 0])));
    const client = await connect();
    expect(await extentsOf(client)).toEqual([[400, 600]]);
    client.close();
  });
});
