import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ImageDisk, openImageDisk } from '../../lib/connector/image-disk.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { missingQemu, qemuImg } from '../support/qemu.ts';
import { until } from '../support/start.ts';

let folder: string;
let path: string;
const { PATH } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  path = join(folder, 'source', 'disk.qcow2');
  for (const name of ['source', 'bin']) mkdirSync(join(folder, name));
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true });
});

const open = (): Promise<ImageDisk> => openImageDisk({ path, key: 'disk.qcow2' });

/** The processes of qemu-nbd that a process has started and that are there. */
const readers = (parent: number = process.pid): number[] =>
  readdirSync('/proc')
    .filter(
      (name) => /^\d+$/.test(name) && stateOf(name).match(/^\d+ \(qemu-nbd\) [^Z] (\d+) /)?.[1] === String(parent),
    )
    .map(Number);

function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

if (missingQemu) test.skip(`qemu-nbd: skipped, since ${missingQemu}`, () => {});
else
  describe('a disk that qemu-nbd reads', () => {
    beforeEach(() => {
      writeFileSync(join(folder, 'raw'), Buffer.alloc(2 ** 20, 'data'));
      qemuImg('convert', '-f', 'raw', '-O', 'qcow2', join(folder, 'raw'), path);
    });

    test('is read by one process, which is gone when the disk is closed', async () => {
      const disk = await open();
      const [reader, ...others] = readers();
      expect(others).toEqual([]);
      const [socket] = readFileSync(`/proc/${reader}/cmdline`, 'utf8').match(/\/[^\0]*\/socket/)!;
      const into = Buffer.alloc(8);
      await disk.read(4, into);
      expect(into.toString()).toBe('datadata');
      await disk.close();
      expect(readers()).toEqual([]);
      expect(existsSync(dirname(socket))).toBe(false);
    });

    test('leaves nothing behind when it cannot be opened', async () => {
      const image = readFileSync(path);
      image.writeUInt32BE(61, 20);
      writeFileSync(path, image);
      await expect(open()).rejects.toMatchObject({ code: 'UnreadableDisk' });
      expect(readers()).toEqual([]);
    });

    test('fails by name when the process is killed', async () => {
      const disk = await open();
      process.kill(readers()[0]!, 'SIGKILL');
      await expect(disk.read(0, Buffer.alloc(512))).rejects.toMatchObject({
        name: 'DiskReaderError',
        message: expect.stringMatching(/reading .*disk.qcow2 failed: .*SIGKILL/),
      });
      await disk.close();
    });

    test('writes no file, however it is asked', async () => {
      const before = readFileSync(path);
      await (await open()).close();
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    test.each(['SIGKILL', 'SIGTERM'] as const)('does not outlive us when %s ends us', async (signal) => {
      const script = `const { openImageDisk } = await import(${JSON.stringify(join(import.meta.dirname, '..', '..', 'lib', 'connector', 'image-disk.ts'))});
        await openImageDisk(${JSON.stringify({ path, key: 'disk' })}); console.log('open'); setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_NO_WARNINGS: '1' },
      });
      await once(createInterface({ input: child.stdout }), 'line');
      const started = readers(child.pid);
      child.kill(signal);
      await once(child, 'close');
      expect(started).toHaveLength(1);
      await until(
        async () => stateOf(String(started[0])),
        (state) => !state.includes('(qemu-nbd)') || state.includes(') Z '),
      );
    });
  });

describe('without qemu-nbd', () => {
  test.each([
    ['disk.qcow2', Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(100)]), /qemu-(img|nbd)/],
  ])('%s is a problem that names the package to install', async (name, bytes, program) => {
    writeFileSync(join(folder, 'source', name), bytes);
    process.env.PATH = join(folder, 'bin');
    const problems = await imagesSource(join(folder, 'source')).check(name);
    expect(problems).toEqual([{ code: 'MissingProgram', message: expect.stringMatching(program) }]);
    expect(problems[0]!.message).toContain('which is not installed: install it (Debian package qemu-utils)');
    await expect(open()).rejects.toMatchObject({ name: 'MissingProgramError' });
  });

  test('raw images are read whole, holes and all', async () => {
    path = join(folder, 'source', 'disk.img');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
    process.env.PATH = join(folder, 'bin');
    const disk = await open();
    const extents: object[] = [];
    for await (const extent of disk.allocated()) extents.push(extent);
    expect(extents).toEqual([{ offset: 0, length: 2 ** 30 }]);
    await disk.close();
  });
});

if (!missingQemu)
  test('a raw image with many holes is asked for them', async () => {
    path = join(folder, 'source', 'disk.img');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
    const file = openSync(path, 'r+');
    writeSync(file, 'data', 2 ** 29);
    closeSync(file);
    const disk = await open();
    const extents: object[] = [];
    for await (const extent of disk.allocated()) extents.push(extent);
    expect(extents).toEqual([{ offset: 2 ** 29, length: 4096 }]);
    expect(readers()).toEqual([]);
    await disk.close();
  });
