import { randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BLOCK_SIZE, GIB } from '../../lib/snapshots.ts';

/** A disk of which a quarter is data, in 64 areas: what a lightly used server looks like. A smaller one finds quiet moments on a busy machine. */
export const DISK_SIZE = Number(process.env.SIZE_GIB ?? 4) * GIB;
export const DATA_SIZE = DISK_SIZE / 4;
const AREAS = 64;
const BLOCKS_PER_AREA = DATA_SIZE / AREAS / BLOCK_SIZE;
/** Blocks that change between two runs: 2 % of the disk. */
export const CHANGED = Math.ceil((DISK_SIZE / BLOCK_SIZE) * 0.02);

const offsetOf = (block: number) =>
  Math.floor(block / BLOCKS_PER_AREA) * (DISK_SIZE / AREAS) + (block % BLOCKS_PER_AREA) * BLOCK_SIZE;

/** Indexes of the blocks that hold data. */
export const DATA_BLOCKS = Array.from({ length: DATA_SIZE / BLOCK_SIZE }, (_, block) => offsetOf(block) / BLOCK_SIZE);

export async function makeDisk(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  await file.truncate(DISK_SIZE);
  const area = Buffer.alloc(DATA_SIZE / AREAS);
  for (let at = 0; at < AREAS; at++) await file.write(randomFillSync(area), 0, area.length, at * (DISK_SIZE / AREAS));
  await file.close();
}

/** Writes a sector of so many data blocks, spread over the disk. Answers their offsets. */
export async function changeDisk(path: string): Promise<number[]> {
  const step = DATA_BLOCKS.length / CHANGED;
  const offsets = Array.from({ length: CHANGED }, (_, at) => offsetOf(Math.floor(at * step)));
  const file = await open(path, 'r+');
  for (const offset of offsets) await file.write(randomFillSync(Buffer.alloc(512)), 0, 512, offset + 4_096);
  await file.close();
  return offsets;
}
