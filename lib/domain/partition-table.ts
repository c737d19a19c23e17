/** How a machine starts, in EC2's words. */
export type BootMode = 'legacy-bios' | 'uefi';

export interface PartitionTable {
  readonly scheme: 'mbr' | 'gpt';
  /** Bytes of the sectors in which it counts. */
  readonly sectorSize: number;
  readonly hasEfiSystemPartition: boolean;
  /** Windows makes a reserved partition on every disk that it starts from by UEFI; of an MBR, firmware starts the active partition, which is one of NTFS. */
  readonly startsWindows: boolean;
}

/** Bytes from the start of a disk in which its partition table is, of 128 entries in sectors of up to 4096 bytes. */
export const PARTITION_TABLE_SPAN = 2 * 4096 + 128 * 128;

/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored. Source: UEFI specification, GPT partition entry array. */
const EFI_SYSTEM_PARTITION = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
/** E3C9E316-0B5C-4DB8-817D-F92DF00215AE as it is stored. Source: Microsoft, CREATE_PARTITION_PARAMETERS. */
const MICROSOFT_RESERVED_PARTITION = Buffer.from('16e3c9e35c0bb84d817df92df00215ae', 'hex');
/** Type of partitions of NTFS (and exFAT, which nothing starts from), and the status of the active one. */
const NTFS = 0x07;
const ACTIVE = 0x80;
const SECTOR_SIZES = [512, 4096];
const MBR_SECTOR = 512;
const MAX_ENTRIES = 1024;
/** Bytes of an entry at least. Source: UEFI specification, GPT header, SizeOfPartitionEntry. */
const MIN_ENTRY = 128;

/** Reads the partition table from the first bytes of a disk; undefined when there is none. */
export function readPartitionTable(start: Buffer): PartitionTable | undefined {
  const sectorSize = SECTOR_SIZES.find((size) => start.toString('latin1', size, size + 8) === 'EFI PART');
  if (sectorSize === undefined) return masterBootRecord(start);
  const entries = gptEntries(start, sectorSize);
  const has = (type: Buffer) => entries.some((entry) => entry.type.equals(type));
  return {
    scheme: 'gpt',
    sectorSize,
    hasEfiSystemPartition: has(EFI_SYSTEM_PARTITION),
    startsWindows: has(MICROSOFT_RESERVED_PARTITION),
  };
}

/** How a disk with that table starts: firmware looks for an EFI system partition on GPT, everything else is for a BIOS. */
export const bootModeOf = ({ scheme, hasEfiSystemPartition }: PartitionTable): BootMode =>
  scheme === 'gpt' && hasEfiSystemPartition ? 'uefi' : 'legacy-bios';

/** Where a partition lies, in bytes, as an entry says: nothing promises that it lies on the disk. */
interface Place {
  readonly start: number;
  readonly size: number;
}

export interface GptEntry extends Place {
  /** From 1. */
  readonly number: number;
  /** 16 bytes, as they are stored. */
  readonly type: Buffer;
}

/** The entries of a GPT that are used, as far as they are in the first bytes of the disk. Source: UEFI specification, GPT header. */
export function gptEntries(start: Buffer, sectorSize: number): GptEntry[] {
  if (start.length < sectorSize + 88) return [];
  const first = Number(start.readBigUInt64LE(sectorSize + 72)) * sectorSize;
  const count = Math.min(start.readUInt32LE(sectorSize + 80), MAX_ENTRIES);
  const length = start.readUInt32LE(sectorSize + 84);
  if (length < MIN_ENTRY) return [];
  const entries: GptEntry[] = [];
  for (let number = 1; number <= count && first + number * length <= start.length; number++) {
    const at = first + (number - 1) * length;
    const type = start.subarray(at, at + 16);
    if (type.every((byte) => byte === 0)) continue;
    const [from, to] = [Number(start.readBigUInt64LE(at + 32)), Number(start.readBigUInt64LE(at + 40))];
    entries.push({ number, type, start: from * sectorSize, size: (to - from + 1) * sectorSize });
  }
  return entries;
}

export interface MbrEntry extends Place {
  readonly status: number;
  /** 0 where the entry is not used. */
  readonly type: number;
}

/** The four entries of a sector with an MBR, or with the table of an extended partition, from whose start they then count. */
export const mbrEntries = (sector: Buffer): MbrEntry[] =>
  [446, 462, 478, 494].map((at) => ({
    status: sector.readUInt8(at),
    type: sector.readUInt8(at + 4),
    start: sector.readUInt32LE(at + 8) * MBR_SECTOR,
    size: sector.readUInt32LE(at + 12) * MBR_SECTOR,
  }));

/** The mark at the end of the sector is also on a boot sector without partitions; there the table is code. */
function masterBootRecord(start: Buffer): PartitionTable | undefined {
  if (start.length < MBR_SECTOR || start.readUInt16LE(510) !== 0xaa55) return undefined;
  const entries = mbrEntries(start);
  const isTable = entries.every(({ status }) => status === 0 || status === ACTIVE);
  if (!isTable || entries.every(({ type }) => type === 0)) return undefined;
  const startsWindows = entries.some(({ status, type }) => status === ACTIVE && type === NTFS);
  return { scheme: 'mbr', sectorSize: MBR_SECTOR, hasEfiSystemPartition: false, startsWindows };
}
