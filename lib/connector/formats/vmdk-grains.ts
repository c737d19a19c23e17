import type { Bytes } from '../bytes.ts';
import type { ImageFile } from '../image-files.ts';
import type { Extent } from '../source.ts';
import { damaged } from './part.ts';

/** Where a sparse extent keeps its grains: a directory names tables, which name grains. All in bytes. */
export interface GrainMap {
  readonly size: number;
  readonly grainSize: number;
  /** Grains of a table. */
  readonly entries: number;
  /** Where the directory is. */
  readonly directory: number;
  readonly tables: number;
  readonly isCompressed: boolean;
}

const SECTOR = 512;
/** Entries of a table that name no sector: not allocated, and zeroed. */
const MAX_NO_SECTOR = 1;
/** Tables kept in memory: 8 GiB of disk for 512 KiB, in the usual size of grains. */
const KEPT_TABLES = 256;

/** The disk's bytes, where grains are not compressed. */
export function grainBytes(file: ImageFile, map: GrainMap): Bytes {
  const tableOf = tableReader(file, map);
  return {
    size: map.size,
    async read(offset, into) {
      for (let at = 0; at < into.length; ) {
        const run = await runAt(offset + at, into.length - at, { map, tableOf });
        const target = into.subarray(at, at + run.length);
        if (run.position === undefined) target.fill(0);
        else await file.read(run.position, target);
        at += run.length;
      }
    },
    async *allocated(): AsyncGenerator<Extent> {
      for (let offset = 0; offset < map.size; ) {
        const { length, position } = await runAt(offset, map.size - offset, { map, tableOf });
        if (position !== undefined) yield { offset, length };
        offset += length;
      }
    },
    async close() {},
  };
}

type TableOf = (table: number) => Promise<Buffer | undefined>;

interface Run {
  readonly length: number;
  /** In the file; absent where there are zeros. */
  readonly position?: number;
}

/** The bytes of the disk from `offset`, at most `wanted`, that lie together in the file, or are all zeros; within one table. */
async function runAt(
  offset: number,
  wanted: number,
  { map, tableOf }: { map: GrainMap; tableOf: TableOf },
): Promise<Run> {
  const { grainSize, entries } = map;
  const first = Math.floor(offset / grainSize);
  const table = await tableOf(Math.floor(first / entries));
  const inTable = first % entries;
  const inGrain = offset % grainSize;
  if (!table) return { length: Math.min(wanted, (entries - inTable) * grainSize - inGrain) };
  const start = positionOf(table, inTable);
  let grains = 1;
  for (; inTable + grains < entries && grains * grainSize - inGrain < wanted; grains++) {
    const next = positionOf(table, inTable + grains);
    if (next !== (start === undefined ? undefined : start + grains * grainSize)) break;
  }
  const length = Math.min(wanted, grains * grainSize - inGrain);
  return start === undefined ? { length } : { length, position: start + inGrain };
}

function positionOf(table: Buffer, grain: number): number | undefined {
  const sector = table.readUInt32LE(grain * 4);
  return sector > MAX_NO_SECTOR ? sector * SECTOR : undefined;
}

/** Reads tables, and keeps those that were read last; undefined for one that is not there, whose grains are zeros. */
function tableReader(file: ImageFile, map: GrainMap): TableOf {
  const kept = new Map<number, Promise<Buffer | undefined>>();
  return (table) => {
    const found = kept.get(table) ?? readTable(file, map, table);
    kept.delete(table);
    kept.set(table, found);
    if (kept.size > KEPT_TABLES) kept.delete(kept.keys().next().value!);
    return found;
  };
}

async function readTable(file: ImageFile, { directory, entries }: GrainMap, table: number) {
  const sector = (await file.peek(directory + table * 4, 4)).readUInt32LE(0);
  if (sector === 0) return undefined;
  const bytes = await file.peek(sector * SECTOR, entries * 4);
  if (bytes.length < entries * 4) throw damaged(file, 'was cut off within a grain table');
  return bytes;
}

/** The highest position at which a grain begins; 0 when there is none. */
export async function lastGrain(file: ImageFile, map: GrainMap): Promise<number> {
  let last = 0;
  let read = 0;
  for (let number = 0; number < map.tables; number++) {
    const table = await readTable(file, map, number);
    if (!table) continue;
    read += table.length;
    // Each table is there once: a file whose tables are more than all of it would keep us busy for nothing.
    if (read > file.size) throw damaged(file, 'names a grain table more than once');
    for (let grain = 0; grain < map.entries; grain++) last = Math.max(last, positionOf(table, grain) ?? 0);
  }
  return last;
}
