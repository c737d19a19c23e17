import type { BootMode } from './entities.ts';

export interface PartitionTable {
  readonly scheme: 'mbr' | 'gpt';
  /** Bytes of the sectors in which it counts. */
  readonly sectorSize: number;
  readonly hasEfiSystemPartition: boolean;
}

/** Bytes from the start of a disk in which its partition table is, of 128 entries in sectors of up to 4096 bytes. */
export const PARTITION_TABLE_SPAN = 2 * 4096 + 128 * 128;

/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored. Source: UEFI specification, GPT partition entry array. */
const EFI_SYSTEM_PARTITION = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const SECTOR_SIZES = [512, 4096];
const MAX_ENTRIES = 1024;

/** Reads the partition table from the first bytes of a disk; undefined when there is none. */
export function readPartitionTable(start: Buffer): PartitionTable | undefined {
  const sectorSize = SECTOR_SIZES.find((size) => start.toString('latin1', size, size + 8) === 'EFI PART');
  if (sectorSize !== undefined)
    return { scheme: 'gpt', sectorSize, hasEfiSystemPartition: hasEfiSystemPartition(start, sectorSize) };
  return hasMbr(start) ? { scheme: 'mbr', sectorSize: 512, hasEfiSystemPartition: false } : undefined;
}

/** How a disk with that table starts: firmware looks for an EFI system partition on GPT, everything else is for a BIOS. */
export const bootModeOf = ({ scheme, hasEfiSystemPartition }: PartitionTable): BootMode =>
  scheme === 'gpt' && hasEfiSystemPartition ? 'uefi' : 'legacy-bios';

function hasEfiSystemPartition(start: Buffer, sectorSize: number): boolean {
  if (start.length < sectorSize + 88) return false;
  const first = Number(start.readBigUInt64LE(sectorSize + 72)) * sectorSize;
  const entries = Math.min(start.readUInt32LE(sectorSize + 80), MAX_ENTRIES);
  const size = start.readUInt32LE(sectorSize + 84);
  for (let entry = 0; entry < entries && size > 0; entry++) {
    const at = first + entry * size;
    if (start.subarray(at, at + 16).equals(EFI_SYSTEM_PARTITION)) return true;
  }
  return false;
}

/** The mark at the end of the sector is also on a boot sector without partitions; there the table is code. */
function hasMbr(start: Buffer): boolean {
  if (start.length < 512 || start.readUInt16LE(510) !== 0xaa55) return false;
  const entries = [0, 1, 2, 3].map((entry) => start.subarray(446 + entry * 16, 462 + entry * 16));
  return entries.every(([status]) => status === 0 || status === 0x80) && entries.some((entry) => entry[4] !== 0);
}
