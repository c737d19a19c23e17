import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { formatExt4 } from '../../scripts/ext4/format.ts';
import { makeShopDisks } from '../../scripts/make-shop-disks.ts';
import { FIRST_PARTITION } from '../../scripts/partition-table.ts';

const PATHS = ['db1/disk0-system.img', 'db1/disk1-data.img', 'web1/disk0-system.img', 'web2/disk0-system.img'];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-shop-'));
  await makeShopDisks(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const hasTools = ['e2fsck', 'debugfs'].every((tool) => spawnSync(tool, ['-V'], { env }).status === 0);
const withTools = hasTools ? test : test.skip;
const partition = (path: string) => `${join(folder, path)}?offset=${FIRST_PARTITION}`;
const debugfs = (path: string, command: string) =>
  execFileSync('debugfs', ['-R', command, partition(path)], { env, stdio: 'pipe' });
/** Half a gigabyte each, most of it holes: not to be held in memory. */
const areSame = (one: string, other: string) => spawnSync('cmp', ['-s', one, other]).status === 0;

describe('the data centre of the shop', () => {
  test('has three servers, the database with two disks', async () => {
    const names: string[] = [];
    for await (const { vmName } of imagesSource(folder).inventory()) names.push(vmName);
    expect(names).toEqual(['db1', 'web1', 'web2']);
    const [point] = await imagesSource(folder).freeze(['db1'], { quiesce: 'no', name: 'test' });
    expect((await point!.disks()).map(({ key }) => key)).toEqual(['disk0-system.img', 'disk1-data.img']);
    await point!.close();
  });

  test.each(PATHS)('%s has a partition table, and is sparse', (path) => {
    const record = Buffer.alloc(512);
    const file = openSync(join(folder, path), 'r');
    readSync(file, record);
    closeSync(file);
    const { size, blocks } = statSync(join(folder, path));
    expect(record.readUInt16LE(510)).toBe(0xaa55);
    expect(record.readUInt32LE(454) * 512).toBe(FIRST_PARTITION);
    expect(record.readUInt32LE(454) * 512 + record.readUInt32LE(458) * 512).toBe(size);
    expect(blocks * 512).toBeLessThan(size / 2);
  });

  withTools.each(PATHS)('%s passes e2fsck (skipped without e2fsprogs)', (path) => {
    const { status, stdout } = spawnSync('e2fsck', ['-fn', partition(path)], { env, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('files') });
  });

  withTools('has files that read as they were written (skipped without e2fsprogs)', () => {
    expect(debugfs('web1/disk0-system.img', 'cat /var/www/html/index.html').toString()).toContain('Served by web1.');
    expect(debugfs('db1/disk0-system.img', 'cat /etc/hostname').toString()).toBe('db1\n');
    expect(debugfs('db1/disk0-system.img', 'stat /etc/os-release').toString()).toContain('../usr/lib/os-release');
    const database = join(folder, 'shop.db');
    debugfs('db1/disk1-data.img', `dump /shop.db ${database}`);
    expect({ ...new DatabaseSync(database).prepare('SELECT count(*) AS orders FROM orders').get() }).toEqual({
      orders: 50_000,
    });
    rmSync(database);
  });

  test('is the same wherever it is made, and what is there stays', async () => {
    const other = mkdtempSync(join(tmpdir(), 'rehost-shop-'));
    await makeShopDisks(other);
    for (const path of PATHS) expect([path, areSame(join(other, path), join(folder, path))]).toEqual([path, true]);
    writeFileSync(join(other, PATHS[0]!), 'mine');
    await makeShopDisks(other);
    expect(readFileSync(join(other, PATHS[0]!), 'utf8')).toBe('mine');
    rmSync(other, { recursive: true });
  });
});

describe('the formatter', () => {
  const label = { label: 'test', uuid: '00000000-0000-4000-8000-000000000000', at: 0 };

  withTools('makes sound file systems with many files and of files across groups (skipped without e2fsprogs)', () => {
    const size = 160 * 2 ** 20 - 4096 * 3;
    const entries = [
      ...Array.from({ length: 3000 }, (_, file) => ({
        path: `many/a file with quite a long name, number ${file}`,
        content: `${file}`,
      })),
      { path: 'large', content: Buffer.alloc(130 * 2 ** 20, 'large') },
    ];
    const bytes = Buffer.alloc(size);
    for (const piece of formatExt4(size, entries, label)) piece.bytes.copy(bytes, piece.offset);
    const path = join(folder, 'test.ext4');
    writeFileSync(path, bytes);
    const { status, stdout } = spawnSync('e2fsck', ['-fn', path], { env, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('3013/') });
    rmSync(path);
  });

  test('fails when the files do not fit', () => {
    const entries = [{ path: 'large', content: Buffer.alloc(9 * 2 ** 20) }];
    expect(() => [...formatExt4(8 * 2 ** 20, entries, label)]).toThrow('more than the partition has');
  });
});
