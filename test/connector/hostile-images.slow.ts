import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { missingQemu, qemuImg, qemuIo } from '../support/qemu.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'source', 'db1'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, 'source', 'db1', name);
const source = () => imagesSource(join(folder, 'source'));

/** The server is refused for this, and by a run that did not ask first as well. */
async function expectProblem(code: string, message: string | RegExp) {
  const problems = await source().check('db1');
  expect(problems).toMatchObject([{ code, message: expect.stringMatching(message) }]);
}

/** Copies the disk's first bytes as a run would: it gets to see nothing but the disk. */
async function firstBytes(length: number): Promise<string> {
  const [point] = await source().freeze(['db1'], { quiesce: 'no', name: 'test' });
  try {
    const into = Buffer.alloc(length);
    await (await point!.disks())[0]!.read(0, into);
    return into.toString('latin1');
  } finally {
    await point!.close();
  }
}

function patch(name: string, offset: number, bytes: Buffer | string) {
  const content = readFileSync(at(name));
  Buffer.from(bytes as string, 'latin1').copy(content, offset);
  writeFileSync(at(name), content);
}

function uint64(value: bigint, order: 'LE' | 'BE'): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[`writeBigUInt64${order}`](value);
  return bytes;
}

const descriptor = (extents: string, more = '') =>
  `# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n${more}createType="monolithicFlat"\n\n${extents}\n`;

const EXTENTS: readonly (readonly [extents: string, code: string, message: string])[] = [
  ['RW 8 FLAT "/etc/passwd" 0', 'ForeignExtent', 'names "/etc/passwd" as a part of the disk, which is not beside it'],
  ['RW 8 FLAT "../secret" 0', 'ForeignExtent', 'names "../secret"'],
  ['RW 8 FLAT "nbd://host/x" 0', 'ForeignExtent', 'put all parts of the disk into its folder'],
  ['RW 8 FLAT "link" 0', 'ForeignExtent', 'names "link" as a part of the disk, a link that leads to another folder'],
  ['RW 8 SPARSE "link"', 'ForeignExtent', 'a link that leads to another folder'],
  ['RW 8 FLAT "absent" 0', 'ForeignExtent', 'which is not beside it'],
  ['RW 8 FLAT "pipe" 0', 'NotAFile', 'is not a regular file'],
  ['RW 9 FLAT "short" 0', 'DamagedDisk', 'is shorter than .* says'],
  ['RW 8 FLAT "short" 1', 'DamagedDisk', 'is shorter than .* says'],
  ['RW 8 SPARSE "short"', 'DamagedDisk', 'is not a sparse VMDK'],
  ['RW 999999999999 ZERO', 'DiskTooLarge', 'volumes have 70368744177664'],
  ['RW 99999999999999999999 FLAT "short" 0', 'DamagedDisk', 'has an extent of 9+ sectors'],
  [`${'RW 137438953472 ZERO '.padEnd(50)}\nRW 8 ZERO`, 'DiskTooLarge', 'is a disk of 70368744181760 bytes'],
  [Array(1025).fill('RW 8 ZERO'.padEnd(50)).join('\n'), 'UnsupportedDisk', 'has more than 1024 extents'],
  ['NOACCESS 8 FLAT "short" 0', 'UnsupportedDisk', 'has an extent NOACCESS FLAT'],
  ['RW 8 VMFSRDM "short"', 'UnsupportedDisk', 'is a mapping of a raw device; clone it'],
  ['RW 8 VMFSSPARSE "short"', 'UnsupportedDisk', 'is a snapshot of a disk'],
  ['nothing', 'DamagedDisk', 'names no extents'],
];

describe('a VMDK descriptor', () => {
  test.each(EXTENTS.map((row) => [row[0].slice(0, 40), ...row] as const))(
    'with %s',
    async (_, extents, code, message) => {
      writeFileSync(join(folder, 'source', 'secret'), Buffer.alloc(8 * 512, 'secret'));
      symlinkSync('/etc/passwd', at('link'));
      execFileSync('mkfifo', [at('pipe')]);
      writeFileSync(at('short'), Buffer.alloc(8 * 512));
      writeFileSync(at('disk.vmdk'), descriptor(extents));
      await expectProblem(code, message);
      await expect(firstBytes(512)).rejects.toMatchObject({ name: 'UnsupportedDiskError', code });
    },
  );

  test('with a parent', async () => {
    writeFileSync(at('flat'), Buffer.alloc(4096));
    writeFileSync(at('disk.vmdk'), descriptor('RW 8 FLAT "flat" 0').replace('ffffffff', '12345678'));
    await expectProblem('BackingFile', 'consolidate the snapshots');
    writeFileSync(at('disk.vmdk'), descriptor('RW 8 FLAT "flat" 0', 'parentFileNameHint="/etc/passwd"\n'));
    await expectProblem('BackingFile', 'consolidate the snapshots');
  });

  test('of absurd length', async () => {
    writeFileSync(at('disk.vmdk'), `${descriptor('RW 8 ZERO')}${'#'.repeat(2 ** 20)}`);
    await expectProblem('DamagedDisk', 'has a descriptor of');
  });

  test('names extents of every kind, which are read one behind the other', async () => {
    writeFileSync(at('flat'), `${'x'.repeat(512)}${'a'.repeat(512)}`);
    writeFileSync(at('disk.vmdk'), descriptor('RW 1 FLAT "flat" 1\nRW 1 ZERO\nRDONLY 1 VMFS "flat"'));
    expect(await source().check('db1')).toEqual([]);
    expect(await firstBytes(3 * 512)).toBe(`${'a'.repeat(512)}${'\0'.repeat(512)}${'x'.repeat(512)}`);
  });
});

describe('what is no disk', () => {
  test('a pipe and a folder are named at once', async () => {
    execFileSync('mkfifo', [at('disk.img')]);
    await expectProblem('NotAFile', 'disk.img is not a regular file');
    rmSync(at('disk.img'));
    mkdirSync(at('disk.img'));
    await expectProblem('NotAFile', 'disk.img is not a regular file');
  });

  test.each(['vmdk', 'vhd', 'vhdx', 'qcow2'])('an empty file, and one of noise, named .%s', async (ending) => {
    writeFileSync(at(`disk.${ending}`), '');
    await expectProblem('DamagedDisk', `is not a ${ending.toUpperCase()}|is not a ${ending}`);
    writeFileSync(at(`disk.${ending}`), Buffer.alloc(300_000, 'noise'));
    await expectProblem('DamagedDisk', `is not a ${ending.toUpperCase()}|is not a ${ending}`);
  });

  test.each([
    ['disk.vdi', 'a VirtualBox image, which is not read; convert it with qemu-img convert'],
    ['disk.avhdx', 'a checkpoint of a Hyper-V disk; delete the checkpoints'],
  ])('%s', async (name, message) => {
    writeFileSync(at(name), 'anything');
    await expectProblem('UnsupportedDisk', message);
  });
});

if (missingQemu) test.skip(`hostile images: skipped, since ${missingQemu}`, () => {});
else {
  describe('a qcow2 image', () => {
    const create = (...options: string[]) => qemuImg('create', '-q', '-f', 'qcow2', ...options, at('disk.qcow2'), '8M');

    test('with a backing file', async () => {
      create('-b', '/etc/passwd', '-F', 'raw');
      await expectProblem('BackingFile', 'holds only what differs from another image.*make it whole with qemu-img');
      await expect(firstBytes(512)).rejects.toMatchObject({ name: 'UnsupportedDiskError', code: 'BackingFile' });
    });

    test('with its data in another file', async () => {
      create('-o', `data_file=${join(folder, 'data')}`);
      await expectProblem('ForeignExtent', 'keeps its data in another file');
    });

    test('that is encrypted', async () => {
      create();
      patch('disk.qcow2', 32, '\0\0\0\x02');
      await expectProblem('EncryptedDisk', 'is encrypted; decrypt a copy');
    });

    test.each<[string, number, Buffer | string, string, string]>([
      ['an absurd size', 24, uint64(2n ** 62n, 'BE'), 'DiskTooLarge', 'is a disk of 4611686018427387904 bytes'],
      ['features that are not known', 72, uint64(2n ** 40n, 'BE'), 'UnsupportedDisk', 'needs features'],
      ['the mark of corruption', 72, uint64(2n, 'BE'), 'DamagedDisk', 'is marked as corrupt'],
      ['version 9', 4, '\0\0\0\t', 'UnsupportedDisk', 'is of version 9'],
      ['clusters of 2 exbibytes', 20, '\0\0\0\x3d', 'DamagedDisk', 'qemu-img check says'],
      ['its table behind the end', 40, uint64(2n ** 40n, 'BE'), 'DamagedDisk', 'qemu-img check says'],
    ])('with %s', async (_, offset, bytes, code, message) => {
      create();
      patch('disk.qcow2', offset, bytes);
      await expectProblem(code, message);
    });

    test('that was cut off', async () => {
      create();
      qemuIo(at('disk.qcow2'), 'qcow2', ['write -P 1 0 4M']);
      truncateSync(at('disk.qcow2'), 2 ** 20);
      await expectProblem('DamagedDisk', 'is corrupt, qemu-img check says');
      truncateSync(at('disk.qcow2'), 50);
      await expectProblem('DamagedDisk', 'is not a qcow2 image');
    });

    test('that a virtual machine uses', async () => {
      create();
      const user = spawn('qemu-io', ['-f', 'qcow2', at('disk.qcow2')], { stdio: ['pipe', 'pipe', 'ignore'] });
      try {
        user.stdin.write('info\n');
        await once(user.stdout, 'data');
        await expect(firstBytes(512)).rejects.toMatchObject({ name: 'UnsupportedDiskError', code: 'DiskInUse' });
      } finally {
        user.stdin.end('quit\n');
        await once(user, 'close');
      }
      expect(await source().check('db1')).toEqual([]);
    });
  });

  describe('a sparse VMDK', () => {
    const create = (...options: string[]) => {
      writeFileSync(join(folder, 'raw'), Buffer.alloc(2 ** 21, 'grain'));
      qemuImg('convert', '-f', 'raw', '-O', 'vmdk', ...options, join(folder, 'raw'), at('disk.vmdk'));
    };

    test.each<[string, number, Buffer | string, string, string]>([
      ['no capacity, for which qemu would go by its descriptor', 12, uint64(0n, 'LE'), 'DamagedDisk', 'no capacity'],
      ['an absurd capacity', 12, uint64(2n ** 60n, 'LE'), 'DiskTooLarge', 'is a disk of 590295810358705651712 bytes'],
      ['grains of nothing', 20, uint64(0n, 'LE'), 'DamagedDisk', 'a header of no sense'],
      ['absurd grains', 20, uint64(2n ** 50n, 'LE'), 'DamagedDisk', 'a header of no sense'],
      [
        'its directory behind the end',
        56,
        uint64(2n ** 40n, 'LE'),
        'DamagedDisk',
        'cut off within its grain directory',
      ],
      ['the mark of one that was not closed', 72, '\x01', 'UncleanDisk', 'was not closed by whoever wrote it'],
    ])('with %s', async (_, offset, bytes, code, message) => {
      create();
      patch('disk.vmdk', offset, bytes);
      await expectProblem(code, message);
    });

    test('with a parent', async () => {
      create();
      patch('disk.vmdk', readFileSync(at('disk.vmdk')).indexOf('parentCID=ffffffff'), 'parentCID=12345678');
      await expectProblem('BackingFile', 'consolidate the snapshots');
      qemuImg('create', '-q', '-f', 'vmdk', '-b', at('disk.vmdk'), '-F', 'vmdk', at('other.vmdk'));
      rmSync(at('disk.vmdk'));
      await expectProblem('BackingFile', 'consolidate the snapshots');
    });

    test('that was cut off, even within its last grain', async () => {
      create();
      truncateSync(at('disk.vmdk'), statSync(at('disk.vmdk')).size - 1);
      await expectProblem('DamagedDisk', 'was cut off: a part of the disk lies behind its end');
      truncateSync(at('disk.vmdk'), 2 ** 20);
      await expectProblem('DamagedDisk', 'was cut off: a part of the disk lies behind its end');
      truncateSync(at('disk.vmdk'), 12_000);
      await expectProblem('DamagedDisk', 'was cut off within');
    });

    test('that names one grain table for all', async () => {
      create();
      const header = readFileSync(at('disk.vmdk'));
      const directory = Number(header.readBigUInt64LE(56)) * 512;
      const table = header.readUInt32LE(directory);
      // 64 TiB in grains of 64 KiB: 8 MiB of directory, all of it the same table of 2 KiB.
      uint64(2n ** 37n, 'LE').copy(header, 12);
      uint64(BigInt(Math.ceil(header.length / 512)), 'LE').copy(header, 56);
      const all = Buffer.alloc(2 ** 23);
      for (let entry = 0; entry < all.length; entry += 4) all.writeUInt32LE(table, entry);
      writeFileSync(at('disk.vmdk'), Buffer.concat([header, Buffer.alloc(-header.length & 511), all]));
      await expectProblem('DamagedDisk', 'names a grain table more than once');
    });

    test('of compressed grains, with its directory named by a footer; without the footer it was cut off', async () => {
      create('-o', 'subformat=streamOptimized');
      const image = readFileSync(at('disk.vmdk'));
      const marker = Buffer.alloc(512);
      marker.writeUInt32LE(1, 0);
      marker.writeUInt32LE(3, 12);
      const footer = Buffer.from(image.subarray(0, 512));
      uint64(2n ** 64n - 1n, 'LE').copy(image, 56);
      writeFileSync(at('disk.vmdk'), image);
      await expectProblem('DamagedDisk', 'was cut off: its footer is missing');
      appendFileSync(
        at('disk.vmdk'),
        Buffer.concat([Buffer.alloc(-image.length & 511), marker, footer, Buffer.alloc(512)]),
      );
      expect(await source().check('db1')).toEqual([]);
      expect(await firstBytes(10)).toBe('graingrain');
    });
  });

  describe('a VHD', () => {
    const create = (...options: string[]) => {
      writeFileSync(join(folder, 'raw'), Buffer.alloc(2 ** 22, 'vhd'));
      qemuImg(
        'convert',
        '-f',
        'raw',
        '-O',
        'vpc',
        '-o',
        ['force_size=on', ...options].join(),
        join(folder, 'raw'),
        at('disk.vhd'),
      );
    };
    /** Changes the footer, and its copy at the start, so that both are right. */
    function patchFooter(offset: number, bytes: Buffer | string) {
      const size = statSync(at('disk.vhd')).size;
      const footer = Buffer.from(readFileSync(at('disk.vhd')).subarray(size - 512));
      Buffer.from(bytes as string, 'latin1').copy(footer, offset);
      footer.writeUInt32BE(0, 64);
      footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
      patch('disk.vhd', size - 512, footer);
      if (readFileSync(at('disk.vhd')).toString('latin1', 0, 8) === 'conectix') patch('disk.vhd', 0, footer);
    }

    test.each<[string, number, Buffer | string, string, string]>([
      ['a parent', 60, '\0\0\0\x04', 'BackingFile', 'merge it into its parent'],
      ['no type that there is', 60, '\0\0\0\x09', 'DamagedDisk', 'is a VHD of type 9'],
      ['an absurd size', 48, uint64(2n ** 63n, 'BE'), 'DiskTooLarge', 'is a disk of 9223372036854775808 bytes'],
      ['more bytes than its table has blocks', 48, uint64(2n ** 40n, 'BE'), 'UnreadableDisk', 'qemu-nbd cannot read'],
      ['its header behind the end', 16, uint64(2n ** 40n, 'BE'), 'DamagedDisk', 'has no header of a dynamic VHD'],
    ])('with %s', async (_, offset, bytes, code, message) => {
      create();
      patchFooter(offset, bytes);
      await expectProblem(code, message);
    });

    test('that was cut off, or damaged', async () => {
      create();
      const whole = readFileSync(at('disk.vhd'));
      truncateSync(at('disk.vhd'), whole.length - 512);
      await expectProblem('DamagedDisk', 'was cut off: its footer is missing');
      // The footer is put where the file was cut off: the table of blocks tells.
      writeFileSync(at('disk.vhd'), Buffer.concat([whole.subarray(0, -(2 ** 20)), whole.subarray(-512)]));
      await expectProblem('DamagedDisk', 'was cut off: block 1 lies behind its end');
      copyFileSync(join(folder, 'raw'), at('disk.vhd'));
      await expectProblem('DamagedDisk', 'is not a VHD image');
    });

    test('of fixed size that is shorter than its footer says', async () => {
      create('subformat=fixed');
      patchFooter(48, uint64(2n ** 30n, 'BE'));
      await expectProblem('DamagedDisk', 'is shorter than the disk that it holds');
    });
  });

  describe('a VHDX', () => {
    const create = () => {
      writeFileSync(join(folder, 'raw'), Buffer.alloc(2 ** 22, 'vhdx'));
      qemuImg('convert', '-f', 'raw', '-O', 'vhdx', '-o', 'block_size=1M', join(folder, 'raw'), at('disk.vhdx'));
    };
    /** Where an item of metadata is. */
    function item(guid: string): number {
      const bytes = readFileSync(at('disk.vhdx'));
      const table = bytes.indexOf('metadata');
      return table + bytes.readUInt32LE(bytes.indexOf(Buffer.from(guid, 'hex'), table) + 16);
    }

    test('with a parent', async () => {
      create();
      patch('disk.vhdx', item('3767a1ca36fa434db3b633f0aa44e76b') + 4, '\x02');
      await expectProblem('BackingFile', 'merge its checkpoints in Hyper-V Manager');
    });

    test('of absurd size', async () => {
      create();
      patch('disk.vhdx', item('2442a52f1bcd7648b2115dbed83bf4b8'), uint64(2n ** 62n, 'LE'));
      await expectProblem('DiskTooLarge', 'is a disk of 4611686018427387904 bytes');
    });

    test('that was cut off', async () => {
      create();
      truncateSync(at('disk.vhdx'), statSync(at('disk.vhdx')).size - 2 ** 20);
      await expectProblem('UnreadableDisk', 'qemu-nbd cannot read .*disk.vhdx: .*');
      truncateSync(at('disk.vhdx'), 300_000);
      await expectProblem('DamagedDisk', 'was cut off before its metadata|has no metadata');
    });

    test('that was not closed', async () => {
      create();
      const image = readFileSync(at('disk.vhdx'));
      leaveInLog(image);
      writeFileSync(at('disk.vhdx'), image);
      await expectProblem('UncleanDisk', 'it was not closed: start its virtual machine and shut it down');
    });
  });
}

/** Puts a write into the log of a VHDX that has not been carried out yet. Source of all offsets: [MS-VHDX], 2.2.2 and 2.3. */
function leaveInLog(image: Buffer) {
  const guid = Buffer.alloc(16, 7);
  const logOffset = Number(image.readBigUInt64LE(65_536 + 72));
  for (const header of [image.subarray(65_536, 65_536 + 4096), image.subarray(131_072, 131_072 + 4096)]) {
    guid.copy(header, 48);
    seal(header);
  }
  const entry = image.subarray(logOffset, logOffset + 4096);
  entry.fill(0);
  entry.write('loge', 0);
  entry.writeUInt32LE(entry.length, 8);
  entry.writeBigUInt64LE(1n, 16);
  entry.writeUInt32LE(1, 24);
  guid.copy(entry, 32);
  entry.writeBigUInt64LE(BigInt(image.length), 48);
  entry.writeBigUInt64LE(BigInt(image.length), 56);
  entry.write('zero', 64);
  entry.writeBigUInt64LE(4096n, 72);
  entry.writeBigUInt64LE(BigInt(image.length - 4096), 80);
  entry.writeBigUInt64LE(1n, 88);
  seal(entry);
}

/** Writes the CRC-32C of the bytes into them, at 4. */
function seal(bytes: Buffer) {
  bytes.writeUInt32LE(0, 4);
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  bytes.writeUInt32LE(~crc >>> 0, 4);
}
