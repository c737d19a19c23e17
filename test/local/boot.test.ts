import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openConsole, verdictOf } from '../../lib/local/boot/console.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { makeDataFolder } from '../support/data-folder.ts';
import { missingSystem } from '../support/guest.ts';
import { rehost } from '../support/process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A boot sector that writes a text to the first serial line: a machine that is up in a second. */
// biome-ignore format: one instruction a line
const CODE = [
  0x31, 0xc0,       // xor ax, ax
  0x8e, 0xd8,       // mov ds, ax
  0xbe, 0x40, 0x7c, // mov si, 0x7c40: the text
  0xfc,             // cld
  0xba, 0xf8, 0x03, // mov dx, 0x3f8
  0xac,             // next: lodsb
  0x84, 0xc0,       // test al, al
  0x74, 0x03,       // jz halt
  0xee,             // out dx, al
  0xeb, 0xf8,       // jmp next
  0xf4,             // halt: hlt
  0xeb, 0xfd,       // jmp halt
];

/** A data folder with an image whose first sector writes the text. */
function makeImage(text: string | undefined): Promise<string> {
  const disk = Buffer.alloc(BLOCK_SIZE);
  disk.writeUInt8(1, 4096);
  if (text !== undefined) {
    Buffer.from(CODE).copy(disk);
    disk.write(`${text}\0`, 0x40, 'latin1');
    disk.writeUInt16LE(0xaa55, 510);
  }
  return makeDataFolder(folder, [disk]);
}

const boot = (data: string, ...args: string[]) => rehost(['boot', 'ami-1', '--data', data, '--memory', '64', ...args]);

if (missingSystem) test.skip(`rehost boot: skipped, since ${missingSystem}`, () => {});
else
  describe('rehost boot', () => {
    test('starts an image from its snapshots, and leaves nothing behind', async () => {
      const before = readdirSync(tmpdir()).filter((name) => name.startsWith('rehost-boot-'));
      const data = await makeImage('Debian\r\n\x1b[1mdb1\x1b[0m login: ');
      const answer = await boot(data, '--screenshot', join(folder, 'screen.png'));
      expect(answer).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/ {2}\| Debian\n {2}\| db1 login:\n.*\nami-1 is up: it asks for a login \(\d/),
        stderr: '',
      });
      expect(readFileSync(join(folder, 'screen.png')).toString('latin1', 1, 4)).toBe('PNG');
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith('rehost-boot-'))).toEqual(before);
    });

    test('waits for the words that it is told, and tells what it saw', async () => {
      const data = await makeImage('Kernel panic - not syncing: VFS');
      expect(await boot(data, '--expect', 'VFS')).toMatchObject({ status: 0 });
      expect(await boot(data)).toMatchObject({ status: 1, stdout: expect.stringContaining('its kernel gave up') });
    });

    test('fails when nothing comes in time', async () => {
      const data = await makeImage(undefined);
      expect(await boot(data, '--timeout', '1')).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('it wrote nothing to its serial console in 1 s'),
      });
    });
  });

test('without QEMU the package to install is named', async () => {
  const data = await makeImage('x');
  mkdirSync(join(folder, 'bin'));
  const answer = await rehost(['boot', 'ami-1', '--data', data], { PATH: join(folder, 'bin') });
  expect(answer).toMatchObject({ status: 1, stderr: expect.stringContaining('(Debian package qemu-system-x86)') });
});

test.each<[string, string | undefined, object | undefined]>([
  ['Debian GNU/Linux 12 db1 ttyS0\n\ndb1 login: ', undefined, { booted: true }],
  ['Last login: Monday\n', undefined, undefined],
  ['Starting…\nmarker 7\n', 'marker 7', { booted: true }],
  ['db1 login: ', 'marker 7', undefined],
  ['ALERT!  UUID=1 does not exist.  Dropping to a shell!', undefined, { booted: false }],
  ['\nGive root password for maintenance\nYou are in emergency mode.', 'x', { booted: false }],
])('a console that says %j', (text, expected, verdict) => {
  const found = verdictOf(text, expected);
  if (verdict) expect(found).toMatchObject(verdict);
  else expect(found).toBeUndefined();
});

test('a console’s lines are printed without what steers a terminal', () => {
  const console = openConsole();
  console.take(Buffer.from('\x1b]0;title\x07one\r\n\x1b[2J\x1b[1;31mtwo\x1b[0m\x07\r\n\r\n'));
  expect(console.last(5)).toEqual(['one', 'two']);
});
