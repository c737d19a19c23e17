import { describe, expect, test } from '@jest/globals';
import { bootModeOf, PARTITION_TABLE_SPAN, readPartitionTable } from '../../lib/domain/partition-table.ts';

const EFI_SYSTEM = '28732ac11ff8d211ba4b00a0c93ec93b';
const MICROSOFT_RESERVED = '16e3c9e35c0bb84d817df92df00215ae';
const LINUX = 'af3dc60f838472478e793d69d8477de4';

function mbr(...types: number[]): Buffer {
  const disk = Buffer.alloc(PARTITION_TABLE_SPAN);
  for (const [entry, type] of types.entries()) disk[446 + 16 * entry + 4] = type;
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

function gpt(sectorSize: number, guids: string[], { entrySize = 128 } = {}): Buffer {
  const disk = mbr(0xee);
  disk.write('EFI PART', sectorSize);
  disk.writeBigUInt64LE(2n, sectorSize + 72);
  disk.writeUInt32LE(128, sectorSize + 80);
  disk.writeUInt32LE(entrySize, sectorSize + 84);
  for (const [entry, guid] of guids.entries()) disk.write(guid, 2 * sectorSize + entry * entrySize, 'hex');
  return disk;
}

describe('readPartitionTable', () => {
  test.each([
    ['an MBR', mbr(0x83), { scheme: 'mbr', sectorSize: 512, hasEfiSystemPartition: false }, 'legacy-bios'],
    ['an MBR with a bootable partition', Buffer.from(mbr(0x83)).fill(0x80, 446, 447), { scheme: 'mbr' }, 'legacy-bios'],
    ['an MBR of Windows', Buffer.from(mbr(0x07)).fill(0x80, 446, 447), { startsWindows: true }, 'legacy-bios'],
    [
      'an MBR with a disk of NTFS beside',
      Buffer.from(mbr(0x83, 0x07)).fill(0x80, 446, 447),
      { startsWindows: false },
      'legacy-bios',
    ],
    ['a GPT', gpt(512, [LINUX]), { scheme: 'gpt', hasEfiSystemPartition: false }, 'legacy-bios'],
    ['a GPT with an EFI system partition', gpt(512, [LINUX, EFI_SYSTEM]), { hasEfiSystemPartition: true }, 'uefi'],
    [
      'a GPT of Windows',
      gpt(512, [EFI_SYSTEM, MICROSOFT_RESERVED]),
      { hasEfiSystemPartition: true, startsWindows: true },
      'uefi',
    ],
    ['its last entry', gpt(512, [...Array<string>(127).fill(LINUX), EFI_SYSTEM]), {}, 'uefi'],
    ['large entries', gpt(512, [LINUX, EFI_SYSTEM], { entrySize: 256 }), {}, 'uefi'],
    ['sectors of 4096 bytes', gpt(4096, [...Array<string>(127).fill(LINUX), EFI_SYSTEM]), { sectorSize: 4096 }, 'uefi'],
    ['entries of no size', gpt(512, [EFI_SYSTEM], { entrySize: 0 }), { hasEfiSystemPartition: false }, 'legacy-bios'],
    ['a GPT that is cut off', gpt(512, [EFI_SYSTEM]).subarray(0, 590), { scheme: 'gpt' }, 'legacy-bios'],
  ])('reads %s', (_, disk, table, bootMode) => {
    const found = readPartitionTable(disk);
    expect(found).toMatchObject(table);
    expect(bootModeOf(found!)).toBe(bootMode);
  });

  test.each([
    ['zeros', Buffer.alloc(PARTITION_TABLE_SPAN)],
    ['nothing', Buffer.alloc(0)],
    ['less than a sector', Buffer.alloc(511, 0x55)],
    ['a file system without partitions', Buffer.alloc(512, 'mkfs.fat').fill(Buffer.from([0x55, 0xaa]), 510)],
    ['a mark and no partition', mbr()],
  ])('finds none in %s', (_, disk) => {
    expect(readPartitionTable(disk)).toBeUndefined();
  });

  test('is not led astray by noise', () => {
    for (let seed = 0; seed < 200; seed++) {
      const disk = gpt(512, [LINUX]);
      for (let at = 512; at < 1024; at++) disk[at] = (at * 31 + seed * 17) & 255;
      disk.write('EFI PART', 512);
      expect(readPartitionTable(disk)).toMatchObject({ scheme: 'gpt' });
    }
  });
});
