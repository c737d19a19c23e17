/** How a machine starts, in EC2's words. */
export type BootMode = 'legacy-bios' | 'uefi';

export interface PartitionTable {
  readonly scheme: 'mbr' | 'gpt';
  /** Bytes of the sectors in which it counts. */
  readonly sectorSize: number;
  readonly hasEfiSystemPartition: boolean;
  /** Windows makes one on every disk that it starts from by UEFI. */
  readonly hasMicrosoftReservedPartition: boolean;
}

/** Bytes from the start of a disk in which its partition table is, of 128 entries in sectors of up to 4096 bytes. */
export const PARTITION_TABLE_SPAN = 2 * 4096 + 128 * 128;

/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored. Source: UEFI specification, GPT partition entry array. */
const EFI_SYSTEM_PARTITION = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
/** E3C9E316-0B5C-4DB8-817D-F92DF00215AE as it is stored. Source: Microsoft, CREATE_PARTITION_PARAMETERS. */
const MICROSOFT_RESERVED_PARTITION = Buffer.from('16e3c9e35c0bb84d817df92df00215ae', 'hex');
const SECTOR_SIZES = [512, 4096];
const MAX_ENTRIES = 1024;

/** Reads the partition table from the first bytes of a disk; undefined when there is none. */
export function readPartitionTable(start: Buffer): PartitionTable | undefined {
  const sectorSize = SECTOR_SIZES.find((size) => start.toString('latin1', size, size + 8) === 'EFI PART');
  if (sectorSize === undefined)
    return hasMbr(start)
      ? { scheme: 'mbr', sectorSize: 512, hasEfiSystemPartition: false, hasMicrosoftReservedPartition: false }
      : undefined;
  const types = partitionTypes(start, sectorSize);
  const has = (type: Buffer) => types.some((one) => one.equals(type));
  return {
    scheme: 'gpt',
    sectorSize,
    hasEfiSystemPartition: has(EFI_SYSTEM_PARTITION),
    hasMicrosoftReservedPartition: has(MICROSOFT_RESERVED_PARTITION),
  };
}

/** How a disk with that table starts: firmware looks for an EFI system partition on GPT, everything else is for a BIOS. */
export const bootModeOf = ({ scheme, hasEfiSystemPartition }: PartitionTable): BootMode =>
  scheme === 'gpt' && hasEfiSystemPartition ? 'uefi' : 'legacy-bios';

function partitionTypes(start: Buffer, sectorSize: number): Buffer[] {
  if (start.length < sectorSize + 88) return [];
  const first = Number(start.readBigUInt64LE(sectorSize + 72)) * sectorSize;
  const entries = Math.min(start.readUInt32LE(sectorSize + 80), MAX_ENTRIES);
  const size = start.readUInt32LE(sectorSize + 84);
  const starts = Array.from({ length: size > 0 ? entries : 0 }, (_, entry) => first + entry * size);
  return starts.map((at) => start.subarray(at, at + 16));
}

/** The mark at the end of the sector is also on a boot sector without partitions; there the table is code. */
function hasMbr(start: Buffer): boolean {
  if (start.length < 512 || start.readUInt16LE(510) !== 0xaa55) return false;
  const entries = [0, 1, 2, 3].map((entry) => start.subarray(446 + entry * 16, 462 + entry * 16));
  return entries.every(([status]) => status === 0 || status === 0x80) && entries.some((entry) => entry[4] !== 0);
}
