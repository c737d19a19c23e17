import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { qemuSource } from '../../lib/connector/qemu/qemu-source.ts';
import type { Disk, Extent, Point, Source } from '../../lib/connector/source.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { openDataCentre, bytesOf as snapshotBytes } from '../replication/data-centre.ts';
import { missingSystem, startGuest, type TestGuest } from '../support/guest.ts';

const MIB = 2 ** 20;
const SIZE = 8 * MIB;
let folder: string;
let guest: TestGuest;
let source: Source;

const path = (name: string) => join(folder, name);
const started = (name = 'db1', more: readonly string[] = []) =>
  startGuest({ folder, name, disks: { vda: path(`${name}-a.img`), vdb: path(`${name}-b.img`) }, more });

function makeDisks(name: string) {
  writeFileSync(path(`${name}-a.img`), Buffer.alloc(3 * MIB, `boot of ${name} `));
  writeFileSync(path(`${name}-b.img`), Buffer.alloc(MIB, `data of ${name} `));
  for (const disk of ['a', 'b']) truncateSync(path(`${name}-${disk}.img`), SIZE);
}

async function bytesOf(disk: Disk): Promise<Buffer> {
  const bytes = Buffer.alloc(disk.size);
  await disk.read(0, bytes);
  return bytes;
}

/** A process that freezes the guest, and says when it begins and when it has. */
function startChild() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'qemu-child.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Writes pages of 1, 2, … and after each its number to a page of its own. */
async function write(times: number) {
  for (let count = 1; count <= times; count++) {
    await guest.io('vda', `write -P ${count} ${(200 + count) * 4096} 4k`);
    await guest.io('vda', `write -P ${count} ${200 * 4096} 4k`);
  }
}

/** Where two disks differ first. */
function firstDifference(one: Buffer, other: Buffer): object | undefined {
  const at = one.findIndex((byte, position) => byte !== other[position]);
  return at < 0 ? undefined : { at, found: one[at], expected: other[at] };
}

async function all(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const list: Extent[] = [];
  for await (const extent of extents) list.push(extent);
  return list;
}

/** What Rehost has in the guest's block graph. */
async function nodes(): Promise<string[]> {
  const graph = (await guest.qmp.execute('query-named-block-nodes', { flat: true })) as { 'node-name': string }[];
  return graph.map((node) => node['node-name']).filter((name) => name.startsWith('rehost'));
}

const freeze = async (quiesce: 'no' | 'try' | 'must' = 'try'): Promise<Point> =>
  (await source.freeze(['db1'], { quiesce, name: 'rehost/sms-run-1' }))[0]!;

if (missingSystem) test.skip(`qemu: skipped, since ${missingSystem}`, () => {});
else
  describe('a running guest', () => {
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'rehost-'));
      mkdirSync(path('scratch'));
      makeDisks('db1');
      guest = await started();
      source = qemuSource(folder, { scratch: path('scratch') });
    });
    afterEach(async () => {
      await guest.kill();
      rmSync(folder, { recursive: true });
    });

    test('is listed, with its name, and its disks are in order', async () => {
      const servers = [];
      for await (const server of source.inventory()) servers.push(server);
      expect(servers).toEqual([{ vmId: 'db1', vmName: 'db1', vmPath: expect.stringMatching(/\/vm\/db1$/) }]);
      expect(await source.check('db1')).toEqual([]);
      const point = await freeze();
      expect((await point.disks()).map(({ key, size }) => ({ key, size }))).toEqual([
        { key: 'vda', size: SIZE },
        { key: 'vdb', size: SIZE },
      ]);
      await point.release();
    });

    test('is frozen at one instant, whatever it writes then, and nothing of ours stays', async () => {
      const before = [readFileSync(path('db1-a.img')), readFileSync(path('db1-b.img'))];
      const point = await freeze();
      const disks = await point.disks();
      expect(await all(disks[0]!.allocated())).toEqual([{ offset: 0, length: 3 * MIB }]);
      await guest.io('vda', 'write -P 1 0 2M');
      await guest.io('vda', 'write -P 2 6M 64k');
      await guest.io('vdb', 'write -P 3 1000k 300k');
      for (const [position, disk] of disks.entries())
        expect(firstDifference(await bytesOf(disk), before[position]!)).toBeUndefined();
      await point.verify();
      await point.release();
      expect(await nodes()).toEqual([]);
      expect(readdirSync(path('scratch'))).toEqual([]);
      expect(await guest.qmp.execute('query-status')).toMatchObject({ running: true });
      // The guest goes on with its own disk.
      await guest.io('vda', 'write -P 4 0 4k');
      expect(readFileSync(path('db1-a.img')).subarray(0, 8192)).toEqual(
        Buffer.concat([Buffer.alloc(4096, 4), Buffer.alloc(4096, 1)]),
      );
    });

    test.each(['scsi-hd', 'ide-hd', 'nvme,serial=1'])('may have disks that are %s', async (device) => {
      await guest.kill();
      guest = await startGuest({ folder, name: 'db1', disks: { sda: path('db1-a.img') }, device });
      const before = readFileSync(path('db1-a.img'));
      expect(await source.check('db1')).toEqual([]);
      const point = await freeze();
      await guest.io('sda', 'write -P 1 0 2M');
      const [disk] = await point.disks();
      expect(disk!.key).toBe('sda');
      expect(firstDifference(await bytesOf(disk!), before)).toBeUndefined();
      await point.release();
      await guest.io('sda', 'write -P 5 0 4k');
      expect(readFileSync(path('db1-a.img'))[0]).toBe(5);
    });

    test('tells what it wrote since an earlier point', async () => {
      const first = await freeze();
      const ids = (await first.disks()).map(({ changeId }) => changeId!);
      await guest.io('vda', 'write -P 1 5M 4k');
      await first.release();
      await guest.io('vda', 'write -P 1 1M 4k');
      const second = await freeze();
      const [vda, vdb] = await second.disks();
      expect(await all(vda!.changedSince(ids[0]!))).toEqual([
        { offset: MIB, length: BLOCK_SIZE },
        { offset: 5 * MIB, length: BLOCK_SIZE },
      ]);
      expect(await all(vdb!.changedSince(ids[1]!))).toEqual([]);
      expect(vda!.changeId).not.toBe(ids[0]);
      await second.release();
      // The baseline did not move: the first point's bitmap still tells all.
      const third = await freeze();
      expect(await all((await third.disks())[0]!.changedSince(ids[0]!))).toHaveLength(2);
      await third.release();
    });

    test('does not know its changes once it was started again', async () => {
      const point = await freeze();
      const { changeId } = (await point.disks())[0]!;
      await point.release();
      await guest.kill();
      guest = await started();
      const next = await freeze();
      await expect(all((await next.disks())[0]!.changedSince(changeId!))).rejects.toMatchObject({
        name: 'ChangesUnknownError',
        message: expect.stringContaining('disk vda of guest db1 has no list of changes rehost:'),
      });
      await next.release();
    });

    test('keeps a few bitmaps, however many points there were', async () => {
      for (let count = 0; count < 12; count++) await (await freeze('no')).release();
      const graph = (await guest.qmp.execute('query-named-block-nodes', { flat: true })) as {
        'dirty-bitmaps'?: { name?: string }[];
      }[];
      const bitmaps = graph.flatMap((node) => node['dirty-bitmaps'] ?? []).filter(({ name }) => name);
      expect(bitmaps).toHaveLength(16);
    });

    test('is replicated while it writes, then by what it wrote', async () => {
      const centre = await openDataCentre();
      try {
        const copied = async (runId: string) => {
          const { disks } = await centre.transfer(runId, { source });
          const bytes = await Promise.all(
            disks.map(({ snapshotId }) => snapshotBytes(centre.snapshots, snapshotId, SIZE)),
          );
          return { bytes, blocks: disks.map(({ blocksCopied }) => blocksCopied) };
        };
        await guest.io('vda', `write -P 0 ${200 * 4096} 4k`);
        const expected = readFileSync(path('db1-a.img'));
        const writing = write(200);
        const first = await copied('run-1');
        await writing;
        // What was written up to one instant, and nothing after it. A page is written before it is counted.
        const found = first.bytes[0]!;
        const counted = found.readUInt8(200 * 4096);
        const writes = found.readUInt8((201 + counted) * 4096) === counted + 1 ? counted + 1 : counted;
        for (let count = 1; count <= writes; count++) expected.fill(count, (200 + count) * 4096, (201 + count) * 4096);
        expected.fill(counted, 200 * 4096, 201 * 4096);
        expect(firstDifference(found, expected)).toBeUndefined();

        await guest.io('vda', 'write -P 7 7M 4k');
        const second = await copied('run-2');
        expect(second.bytes[0]!.equals(readFileSync(path('db1-a.img')))).toBe(true);
        expect(second.blocks[1]).toBe(0);
        // Three of 512 KiB in which the pages are, and the last write's.
        expect(second.blocks[0]).toBeLessThanOrEqual(4);
      } finally {
        await centre.close();
      }
    });

    test('goes on being copied after a kill of the process that copied it', async () => {
      const before = readFileSync(path('db1-a.img'));
      const { child, lines } = startChild();
      await lines.next();
      const ref = String((await lines.next()).value);
      child.kill('SIGKILL');
      await once(child, 'close');
      await guest.io('vda', 'write -P 9 0 8M');
      const point = (await source.reopen(ref))!;
      expect(point.ref).toBe(ref);
      expect((await bytesOf((await point.disks())[0]!)).equals(before)).toBe(true);
      await point.release();
      expect(await nodes()).toEqual([]);
      expect(await source.reopen(ref)).toBeUndefined();
    });

    test('lives on, and can be frozen, whenever a process is killed that freezes it', async () => {
      // From the first command to the last, and a little more: a freeze takes some 40 ms.
      for (const delay of [0, 4, 9, 15, 25, 50]) {
        const { child, lines } = startChild();
        await lines.next();
        await sleep(delay);
        child.kill('SIGKILL');
        await once(child, 'close');
        expect(await source.check('db1')).toEqual([]);
        expect(await guest.qmp.execute('query-status')).toMatchObject({ running: true });
      }
      const point = await freeze();
      await guest.io('vda', 'write -P 1 0 64k');
      await point.release();
      expect(await nodes()).toEqual([]);
      await guest.io('vda', 'write -P 2 0 64k');
      expect(readFileSync(path('db1-a.img'))[0]).toBe(2);
    });

    test('is freed from what a killed process left behind when it is frozen again', async () => {
      const old = await freeze();
      await old.close();
      const point = await freeze();
      expect((await nodes()).length).toBe(6);
      expect(readdirSync(path('scratch'))).toHaveLength(1);
      // The release of the old one does no harm to the new.
      await old.release();
      await (await point.disks())[0]!.read(0, Buffer.alloc(512));
      await point.release();
      expect(await nodes()).toEqual([]);
      expect(readdirSync(path('scratch'))).toEqual([]);
    });

    test('goes on when the process that held it still was killed', async () => {
      await guest.qmp.execute('blockdev-add', { driver: 'null-co', 'node-name': 'rehost-paused', size: 0 });
      await guest.qmp.execute('stop');
      expect(await source.check('db1')).toEqual([]);
      expect(await guest.qmp.execute('query-status')).toMatchObject({ running: true });
      expect(await nodes()).toEqual([]);
    });

    test('stays paused when somebody else paused it', async () => {
      await guest.qmp.execute('stop');
      await (await freeze()).release();
      expect(await guest.qmp.execute('query-status')).toMatchObject({ running: false });
    });

    test('is not frozen twice at once, nor beside another program’s NBD server', async () => {
      const point = await freeze();
      await expect(freeze()).rejects.toMatchObject({ name: 'GuestBusyError' });
      await point.release();
      const addr = { type: 'unix', data: { path: path('other') } };
      await guest.qmp.execute('nbd-server-start', { addr });
      await expect(freeze()).rejects.toMatchObject({
        name: 'NbdServerInUseError',
        message: expect.stringContaining('guest db1: another program uses the NBD server'),
      });
      await guest.qmp.execute('nbd-server-stop');
      expect(await nodes()).toEqual([]);
      await (await freeze()).release();
    });

    test('is not frozen without its agent when that is a must', async () => {
      await expect(freeze('must')).rejects.toMatchObject({ name: 'QuiesceError' });
      expect(await nodes()).toEqual([]);
      expect(readdirSync(path('scratch'))).toEqual([]);
    });

    test('says whether its agent held its file systems still, also when it is opened again', async () => {
      const plain = await freeze();
      expect([plain.quiesced, (await source.reopen(plain.ref))?.quiesced]).toEqual([false, false]);
      await plain.release();
      // The guest runs no system: this is what its agent would answer.
      let held = 3;
      const agent = createServer((socket) => {
        createInterface({ input: socket }).on('line', (line) => {
          const { execute, arguments: args } = JSON.parse(line.replaceAll('\ufffd', ''));
          if (execute === 'guest-fsfreeze-freeze') return socket.write('{"return": 3}\n');
          socket.write(`{"return": ${execute === 'guest-fsfreeze-thaw' ? held : args.id}}\n`);
        });
      });
      await new Promise<void>((resolve) => agent.listen(path('db1.qga'), resolve));
      const quiesced = await freeze('must');
      expect([quiesced.quiesced, (await source.reopen(quiesced.ref))?.quiesced]).toEqual([true, true]);
      await quiesced.release();
      held = 1;
      const late = await freeze();
      expect(late.quiesced).toBe(false);
      await late.release();
      await expect(freeze('must')).rejects.toMatchObject({
        name: 'QuiesceError',
        message: expect.stringContaining('let its file systems go before it was frozen'),
      });
      expect(await nodes()).toEqual([]);
      agent.close();
    });

    test('is left alone when its QEMU would crash', async () => {
      await guest.kill();
      guest = await started('db1', ['-object', 'iothread,id=io']);
      const [problem, ...others] = await source.check('db1');
      expect(others).toEqual([]);
      // Of QEMU 9.1 it is not.
      if (guest.qmp.version[0] >= 10) return expect(problem).toBeUndefined();
      expect(problem).toMatchObject({ code: 'IoThread', message: expect.stringContaining('can crash') });
      await expect(freeze()).rejects.toMatchObject({ name: 'UnsupportedDiskError', code: 'IoThread' });
      expect(await nodes()).toEqual([]);
    });

    test('is frozen together with another, all or none', async () => {
      makeDisks('web1');
      const other = await started('web1');
      const names = { quiesce: 'no', name: 'rehost/sms-run-1' } as const;
      const points = await source.freeze(['web1', 'db1'], names);
      expect(points.map(({ server }) => server)).toEqual(['web1', 'db1']);
      expect(Math.abs(points[0]!.at - points[1]!.at)).toBeLessThan(1_000);
      for (const point of points) await point.release();
      await expect(source.freeze(['db1', 'db1'], names)).rejects.toMatchObject({ name: 'GuestBusyError' });
      await other.kill();
      await expect(source.freeze(['db1', 'web1'], names)).rejects.toMatchObject({ name: 'ServerNotFoundError' });
      expect(await nodes()).toEqual([]);
    });

    test('fails by name when it ends in the middle', async () => {
      const point = await freeze();
      const [disk] = await point.disks();
      await guest.kill();
      await expect(disk!.read(0, Buffer.alloc(512))).rejects.toMatchObject({
        name: 'DiskReaderError',
        message: expect.stringMatching(/^reading disk vda of guest db1 failed: .*the guest has ended/),
      });
      await point.release();
      expect(readdirSync(path('scratch'))).toEqual([]);
      await expect(source.check('db1')).rejects.toMatchObject({
        name: 'ServerNotFoundError',
        message: expect.stringContaining('guest db1 does not run'),
      });
      expect(await source.reopen(point.ref)).toBeUndefined();
    });
  });
