import { PARTITION_TABLE_SPAN, type PartitionTable, readPartitionTable } from '../../domain/partition-table.ts';
import { bytesAt, partOf, type Reader } from './file-system.ts';

export interface Partition {
  /** From 1, as Linux counts them. */
  readonly number: number;
  readonly reader: Reader;
}

export interface Partitions {
  /** Undefined where there is none. */
  readonly table: PartitionTable | undefined;
  /** Whether the first sector begins with code, as a BIOS needs. */
  readonly hasBootCode: boolean;
  readonly partitions: readonly Partition[];
}

const EXTENDED = [0x05, 0x0f, 0x85];
const MAX_LOGICAL = 60;
const MAX_ENTRIES = 256;
const SECTOR = 512;

interface Place {
  readonly number: number;
  readonly start: number;
  readonly size: number;
}

/** The partitions of a disk, those of an extended one too. What does not lie on the disk is left out. */
export async function partitionsOf(disk: Reader): Promise<Partitions> {
  const start = await bytesAt(disk, 0, Math.min(disk.size, PARTITION_TABLE_SPAN));
  const table = readPartitionTable(start);
  const places =
    table === undefined ? [] : table.scheme === 'gpt' ? gpt(start, table.sectorSize) : await mbr(disk, start);
  return {
    table,
    hasBootCode: start.subarray(0, 440).some((byte) => byte !== 0),
    partitions: places
      .filter((place) => place.size > 0 && place.start + place.size <= disk.size)
      .map((place) => ({ number: place.number, reader: partOf(disk, place.start, place.size) })),
  };
}

function gpt(start: Buffer, sectorSize: number): Place[] {
  if (start.length < sectorSize + 92) return [];
  const first = Number(start.readBigUInt64LE(sectorSize + 72)) * sectorSize;
  const count = Math.min(start.readUInt32LE(sectorSize + 80), MAX_ENTRIES);
  const size = start.readUInt32LE(sectorSize + 84);
  if (size < 128) return [];
  const places: Place[] = [];
  for (let entry = 0; entry < count && first + (entry + 1) * size <= start.length; entry++) {
    const at = first + entry * size;
    if (start.subarray(at, at + 16).every((byte) => byte === 0)) continue;
    const [from, to] = [Number(start.readBigUInt64LE(at + 32)), Number(start.readBigUInt64LE(at + 40))];
    places.push({ number: entry + 1, start: from * sectorSize, size: (to - from + 1) * sectorSize });
  }
  return places;
}

async function mbr(disk: Reader, start: Buffer): Promise<Place[]> {
  const places: Place[] = [];
  for (const [index, entry] of entriesOf(start).entries()) {
    if (entry.type === 0) continue;
    if (EXTENDED.includes(entry.type)) places.push(...(await logical(disk, entry.start)));
    else places.push({ number: index + 1, start: entry.start, size: entry.size });
  }
  return places;
}

/** Each begins with a table of its own, whose second entry leads to the next. */
async function logical(disk: Reader, base: number): Promise<Place[]> {
  const places: Place[] = [];
  for (let at = base; places.length < MAX_LOGICAL && at + SECTOR <= disk.size; ) {
    const [own, next] = entriesOf(await bytesAt(disk, at, SECTOR));
    if (own!.type !== 0) places.push({ number: 5 + places.length, start: at + own!.start, size: own!.size });
    if (next!.type === 0 || base + next!.start <= at) break;
    at = base + next!.start;
  }
  return places;
}

const entriesOf = (sector: Buffer) =>
  [0, 1, 2, 3].map((entry) => ({
    type: sector.readUInt8(446 + entry * 16 + 4),
    start: sector.readUInt32LE(446 + entry * 16 + 8) * SECTOR,
    size: sector.readUInt32LE(446 + entry * 16 + 12) * SECTOR,
  }));
