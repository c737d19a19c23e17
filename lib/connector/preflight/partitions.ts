import {
  gptEntries,
  mbrEntries,
  PARTITION_TABLE_SPAN,
  type PartitionTable,
  readPartitionTable,
} from '../../domain/partition-table.ts';
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
    table === undefined ? [] : table.scheme === 'gpt' ? gptEntries(start, table.sectorSize) : await mbr(disk, start);
  return {
    table,
    hasBootCode: start.subarray(0, 440).some((byte) => byte !== 0),
    partitions: places
      .filter((place) => place.size > 0 && place.start + place.size <= disk.size)
      .map((place) => ({ number: place.number, reader: partOf(disk, place.start, place.size) })),
  };
}

async function mbr(disk: Reader, start: Buffer): Promise<Place[]> {
  const places: Place[] = [];
  for (const [index, entry] of mbrEntries(start).entries()) {
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
    const [own, next] = mbrEntries(await bytesAt(disk, at, SECTOR));
    if (own!.type !== 0) places.push({ number: 5 + places.length, start: at + own!.start, size: own!.size });
    if (next!.type === 0 || base + next!.start <= at) break;
    at = base + next!.start;
  }
  return places;
}
