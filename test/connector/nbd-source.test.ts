import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nbdSource } from '../../lib/connector/nbd-source.ts';
import { checkSourceSpec } from '../../lib/connector/open-source.ts';
import type { Source } from '../../lib/connector/source.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { bytesOf, openDataCentre } from '../replication/data-centre.ts';
import { until } from '../support/start.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
/** JSON is YAML, too. */
function sourceOf(servers: object): Source {
  writeFileSync(path('servers.yaml'), JSON.stringify({ servers }));
  return nbdSource(path('servers.yaml'));
}

describe('the file of servers', () => {
  test.each<[string, string, string]>([
    ['no YAML', 'servers: [', 'servers.yaml: '],
    ['no servers', 'disks: 1', 'there is no list of servers'],
    ['a server without disks', 'servers: {db1: {}}', 'server db1 has no disks'],
    ['an unknown setting', 'servers: {db1: {disk: 1}}', 'server db1: unknown setting disk'],
    [
      'two places of a disk',
      'servers: {db1: {disks: [{socket: a, address: "b:1"}]}}',
      'disk 1: give one of command, socket, address',
    ],
    [
      'a command that does not say where',
      'servers: {db1: {disks: [{command: [nbdkit]}]}}',
      'command does not say {socket}',
    ],
    ['a port that is none', 'servers: {db1: {disks: [{address: "host:99999"}]}}', 'or address: HOST:PORT'],
    [
      'two disks of one key',
      'servers: {db1: {disks: [{key: a, socket: b}, {key: a, socket: c}]}}',
      'two disks have the same key',
    ],
    [
      'a boot mode that is none',
      'servers: {db1: {bootMode: efi, disks: [{socket: b}]}}',
      'bootMode is uefi or legacy-bios',
    ],
  ])('fails for %s', (_, text, message) => {
    writeFileSync(path('servers.yaml'), text);
    expect(() => checkSourceSpec(`nbd:${path('servers.yaml')}`)).toThrow(message);
  });

  test('lists its servers', async () => {
    const source = sourceOf({ db1: { name: 'Database', disks: [{ socket: '/nowhere' }] } });
    const servers = [];
    for await (const server of source.inventory()) servers.push(server);
    expect(servers).toEqual([{ vmId: 'db1', vmName: 'Database', vmPath: '/servers.yaml/vm/Database' }]);
    await expect(source.check('web1')).rejects.toMatchObject({ name: 'ServerNotFoundError' });
  });
});

describe('a program that serves NBD', () => {
  test.each<[string, object, string]>([
    [
      'is not there',
      { command: ['rehost-no-such-program', '{socket}'] },
      'rehost-no-such-program ended with status 127',
    ],
    [
      'ends at once',
      { command: ['sh', '-c', 'echo no licence >&2; exit 3', '{socket}'] },
      'sh ended with status 3: no licence',
    ],
    ['does not listen', { socket: '/nowhere/socket' }, 'nobody serves NBD at /nowhere/socket (ENOENT)'],
  ])('is a problem when it %s', async (_, disk, message) => {
    expect(await sourceOf({ db1: { disks: [disk] } }).check('db1')).toEqual([
      { code: 'NbdProgram', message: expect.stringContaining(message) },
    ]);
  });
});

if (spawnSync('nbdkit', ['--version']).error)
  test.skip('nbd: skipped, since there is no nbdkit (apt-get install nbdkit)', () => {});
else
  describe('with nbdkit', () => {
    const bytes = Buffer.alloc(6 * BLOCK_SIZE);
    const command = () => ['nbdkit', '-f', '-r', '-U', '{socket}', '-P', path('pid'), 'file', path('disk')];
    beforeEach(() => {
      bytes.fill('data', BLOCK_SIZE, 3 * BLOCK_SIZE - 77);
      writeFileSync(path('disk'), bytes);
    });
    /** The program is started anew for each copy, which then is the last to have written the file. */
    const isThere = () => {
      try {
        return process.kill(Number(readFileSync(path('pid'), 'utf8')), 0);
      } catch {
        return false;
      }
    };

    test('replicates, and then what differs; the program is started for it, and ended', async () => {
      const source = sourceOf({ db1: { disks: [{ command: command() }] } });
      const centre = await openDataCentre();
      try {
        const first = await centre.transfer('run-1', { source });
        expect(first.disks[0]).toMatchObject({ key: 'disk1', blocksCopied: 2 });
        expect((await bytesOf(centre.snapshots, first.disks[0]!.snapshotId, bytes.length)).equals(bytes)).toBe(true);
        expect(isThere()).toBe(false);
        bytes.fill('more', 5 * BLOCK_SIZE);
        writeFileSync(path('disk'), bytes);
        const second = await centre.transfer('run-2', { source });
        expect(second.disks[0]).toMatchObject({ blocksCopied: 1 });
        expect((await bytesOf(centre.snapshots, second.disks[0]!.snapshotId, bytes.length)).equals(bytes)).toBe(true);
      } finally {
        await centre.close();
      }
    });

    test('fails by name when the program is killed in the middle', async () => {
      const [point] = await sourceOf({ db1: { disks: [{ command: command() }] } }).freeze(['db1'], {
        quiesce: 'try',
        name: 'rehost/sms-run-1',
      });
      const [disk] = await point!.disks();
      process.kill(Number(readFileSync(path('pid'), 'utf8')), 'SIGKILL');
      await expect(disk!.read(0, Buffer.alloc(512))).rejects.toMatchObject({
        name: 'DiskReaderError',
        message: expect.stringContaining('reading disk disk1 of server db1 failed'),
      });
      await point!.release();
    });

    test('reopens only what is said to be stable', async () => {
      const options = { quiesce: 'no', name: 'x' } as const;
      for (const stable of [true, false]) {
        const source = sourceOf({ db1: { stable, disks: [{ command: command() }] } });
        const [point] = await source.freeze(['db1'], options);
        await point!.close();
        const again = await source.reopen(point!.ref);
        expect(again?.ref).toBe(stable ? point!.ref : undefined);
        await again?.release();
      }
    });

    describe('over TCP', () => {
      let server: ChildProcess;
      afterEach(async () => {
        server.kill();
        await once(server, 'close');
      });

      test('reads an export by its name', async () => {
        const probe = createServer().listen(0, '127.0.0.1');
        await once(probe, 'listening');
        const { port } = probe.address() as { port: number };
        probe.close();
        const args = ['-f', '-r', '-i', '127.0.0.1', '-p', String(port), '-P', path('pid'), 'file', `dir=${folder}`];
        server = spawn('nbdkit', args, { stdio: 'ignore' });
        await until(async () => isThere(), Boolean);
        const source = sourceOf({ db1: { disks: [{ address: `127.0.0.1:${port}`, export: 'disk' }] } });
        expect(await source.check('db1')).toEqual([]);
        const [point] = await source.freeze(['db1'], { quiesce: 'no', name: 'x' });
        const into = Buffer.alloc(bytes.length);
        await (await point!.disks())[0]!.read(0, into);
        expect(into.equals(bytes)).toBe(true);
        await point!.release();
      });
    });
  });
