import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateReplicationJobCommand, GetServersCommand, ImportServerCatalogCommand } from '@aws-sdk/client-sms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import type { LocalImage } from '../../lib/local/local-images.ts';
import { openRows } from '../../lib/local/rows.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { CLOCK } from '../replication/data-centre.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { rehost } from '../support/process.ts';
import { missingQemu, qemuImg } from '../support/qemu.ts';
import { start } from '../support/start.ts';

let folder: string;
let imageId: string;
const boot = Buffer.alloc(40 * BLOCK_SIZE + 5 * 512);
const data = Buffer.alloc(1_000_000, 'not a whole number of sectors');

beforeAll(async () => {
  boot.fill('boot', 0, 3_000_000);
  boot.fill('tail', boot.length - 700);
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'datacenter', 'db1'), { recursive: true });
  writeFileSync(join(folder, 'datacenter', 'db1', 'a.img'), boot);
  writeFileSync(join(folder, 'datacenter', 'db1', 'b.img'), data);
  imageId = await replicate();
}, 20_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function replicate(): Promise<string> {
  const clock = new VirtualClock();
  const { rehost: service, sms, end } = await start({ clock, auth: 'none', servers: [], folder });
  const pass = (ms: number) => clock.advance(ms, () => service.idle());
  await sms.send(new ImportServerCatalogCommand({}));
  await pass(0);
  const { serverList } = await sms.send(new GetServersCommand({}));
  const seedReplicationTime = new Date(clock.now());
  const { serverId } = serverList![0]!;
  await sms.send(new CreateReplicationJobCommand({ serverId, seedReplicationTime, runOnce: true }));
  await pass(60_000);
  await end();
  const rows = openRows<LocalImage>(join(folder, 'data', 'images.db'), 'image');
  const [image] = rows.all();
  rows.close();
  return image!.imageId;
}

const file = (name: string) => join(folder, name);
const exported = (name: string, ...args: string[]) =>
  rehost(['export', imageId, '--data', file('data'), '--output', file(name), ...args]);

function demandSame(name: string, expected: Buffer) {
  if (!readFileSync(file(name)).equals(expected)) throw new Error(`${name} has other bytes`);
}

describe('export', () => {
  test('writes a disk as it was, with holes where there are zeros', async () => {
    expect(await exported('a.raw')).toEqual({
      status: 0,
      stdout: `${file('a.raw')}: /dev/sda1 of ${imageId}, ${boot.length} bytes, 4 MiB of them data\n`,
      stderr: '',
    });
    demandSame('a.raw', boot);
    expect(statSync(file('a.raw')).blocks * 512).toBeLessThan(10 * BLOCK_SIZE);
  });

  test('writes another disk of the image, to its last byte', async () => {
    expect(await exported('b.raw', '--disk', '2')).toMatchObject({ status: 0 });
    demandSame('b.raw', data);
  });

  const withQemu = missingQemu ? test.skip : test;
  withQemu.each(['qcow2', 'vmdk'])(
    `writes %s${missingQemu ? `: skipped, since ${missingQemu}` : ''}`,
    async (format) => {
      expect(await exported(`a.${format}`, '--format', format)).toMatchObject({ status: 0 });
      qemuImg('check', '-q', '-f', format, file(`a.${format}`));
      qemuImg('convert', '-f', format, '-O', 'raw', file(`a.${format}`), file(`${format}.raw`));
      demandSame(`${format}.raw`, boot);
    },
  );

  test.each<[string, string[], number, string]>([
    ['a format that there is not', ['--format', 'vdi'], 2, '--format vdi: give raw, qcow2, vmdk'],
    ['a disk that there is not', ['--disk', '3'], 2, 'has disks 1 to 2'],
    ['a disk that is no number', ['--disk', 'sda'], 2, '--disk sda: image'],
    ['a folder that is none', ['--data', '/nowhere'], 1, '/nowhere is not a data folder of rehost'],
    ['a file in a folder that there is not', ['--output', '/nowhere/x'], 1, 'ENOENT'],
  ])('fails for %s', async (_, args, status, message) => {
    const answer = await exported('c.raw', ...args);
    expect(answer).toMatchObject({ status, stderr: expect.stringContaining(message) });
  });

  test('fails for an image that there is not, and names those that there are', async () => {
    const args = ['export', 'ami-1', '--data', file('data'), '--output', file('c.raw')];
    expect(await rehost(args)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^rehost: there is no image ami-1; there are ami-\w+ \(db1 sms-run-\w+\)/),
    });
    expect(await rehost(['export'])).toMatchObject({ status: 2, stderr: expect.stringContaining('name the image') });
    expect(await rehost(['export', imageId])).toMatchObject({ status: 2, stderr: expect.stringContaining('--output') });
  });

  test('overwrites nothing', async () => {
    writeFileSync(file('mine'), 'mine');
    expect(await exported('mine')).toMatchObject({ status: 1, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(file('mine'), 'utf8')).toBe('mine');
  });

  test('fails by name without qemu-img, before anything is written', async () => {
    mkdirSync(file('bin'));
    const args = ['export', imageId, '--data', file('data'), '--output', file('d.qcow2'), '--format', 'qcow2'];
    expect(await rehost(args, { PATH: file('bin') })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('install it (Debian package qemu-utils), or export --format raw'),
    });
    expect(existsSync(file('d.qcow2'))).toBe(false);
  });

  test('fails while a service works in the folder', async () => {
    const { end } = await start({ auth: 'none', servers: [], folder });
    try {
      expect(await exported('e.raw')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('another rehost works in'),
      });
    } finally {
      await end();
    }
  });

  test('fails for a block that is damaged, and leaves no file', async () => {
    const packs = file('data/snapshots/packs');
    const pack = join(packs, readdirSync(packs)[0]!);
    const whole = readFileSync(pack);
    writeFileSync(pack, Buffer.alloc(whole.length, 'rotten'));
    try {
      expect(await exported('f.raw')).toMatchObject({ status: 1, stderr: expect.stringContaining('is damaged') });
      expect(readdirSync(folder).filter((name) => name.startsWith('f.raw'))).toEqual([]);
    } finally {
      writeFileSync(pack, whole);
    }
    const snapshots = await openFileSnapshots(file('data/snapshots'), { clock: CLOCK });
    await snapshots.close();
  });
});
