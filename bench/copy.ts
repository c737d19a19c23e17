import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { imagesSource } from '../lib/connector/images-source.ts';
import { openFileSnapshots } from '../lib/local/file-snapshots.ts';
import { LOCAL_LIMITS } from '../lib/replication/concurrency.ts';
import { transferServer } from '../lib/replication/transfer-server.ts';
import { BLOCK_SIZE, GIB } from '../lib/snapshots.ts';

/** A disk of 4 GiB of which a quarter is data, in 64 areas: what a lightly used server looks like. */
const DISK_SIZE = 4 * GIB;
const DATA_SIZE = GIB;
const AREAS = 64;
/** Share of the data blocks that change between two runs. */
const CHANGED = 0.01;
/** Pairs of our copy and the peer's, after one of each to warm up. The median of their ratios is what is printed. */
const PAIRS = 5;

const clock: Clock = {
  now: () => Date.now(),
  setTimer(at, run) {
    const timer = setTimeout(run, at - Date.now());
    return () => clearTimeout(timer);
  },
};

/** Copies a disk into a snapshot store, fully and by increments, beside `cp --sparse=always` of the same disk. Both write to the page cache. */
export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  try {
    const disk = await makeDisk(folder);
    const [ours, peers, increments]: [number[], number[], number[]] = [[], [], []];
    for (let pair = 0; pair <= PAIRS; pair++) {
      const peer = time(() => execFileSync('cp', ['--sparse=always', disk, join(folder, 'peer.img')]));
      const { full, increment } = await copyTwice(folder, disk);
      rmSync(join(folder, 'peer.img'));
      if (pair === 0) continue;
      peers.push(await peer);
      ours.push(full);
      increments.push(increment);
    }
    report(ours, peers, increments);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Times a first run into an empty store, and a second after some blocks changed, which finds them by comparing all. */
async function copyTwice(folder: string, disk: string): Promise<{ full: number; increment: number }> {
  const store = join(folder, 'store');
  const snapshots = await openFileSnapshots(join(store, 'snapshots'), { clock });
  const run = (runId: string) =>
    time(() =>
      transferServer(
        { runId, jobId: 'job', attempt: 1, vmId: 'vm', description: '', tags: {} },
        {
          source: imagesSource(join(folder, 'source')),
          snapshots: snapshots.trusted,
          stateFolder: join(store, 'state'),
          clock,
          concurrency: LOCAL_LIMITS,
          onProgress() {},
        },
      ),
    );
  const full = await run('run-1');
  await changeDisk(disk);
  const increment = await run('run-2');
  await snapshots.close();
  rmSync(store, { recursive: true });
  return { full, increment };
}

async function time(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function makeDisk(folder: string): Promise<string> {
  mkdirSync(join(folder, 'source', 'vm'), { recursive: true });
  const path = join(folder, 'source', 'vm', 'disk0.img');
  const file = await open(path, 'w');
  await file.truncate(DISK_SIZE);
  const area = Buffer.alloc(DATA_SIZE / AREAS);
  for (let position = 0; position < AREAS; position++) {
    randomFillSync(area);
    await file.write(area, 0, area.length, position * (DISK_SIZE / AREAS));
  }
  await file.close();
  return path;
}

async function changeDisk(path: string) {
  const file = await open(path, 'r+');
  const blocksPerArea = DATA_SIZE / AREAS / BLOCK_SIZE;
  for (let block = 0; block < changedBlocks; block++)
    await changeBlock(file, { area: block % AREAS, block: block % blocksPerArea });
  await file.close();
}

const changedBlocks = Math.ceil((DATA_SIZE / BLOCK_SIZE) * CHANGED);

/** One sector of it is enough. */
const changeBlock = (file: FileHandle, { area, block }: { area: number; block: number }) =>
  file.write(randomFillSync(Buffer.alloc(512)), 0, 512, area * (DISK_SIZE / AREAS) + block * BLOCK_SIZE);

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function report(ours: readonly number[], peers: readonly number[], increments: readonly number[]) {
  const blocks = DATA_SIZE / BLOCK_SIZE;
  const rate = (ms: number) =>
    `${Math.round((blocks / ms) * 1000)} blocks/s, ${Math.round(DATA_SIZE / 2 ** 20 / (ms / 1000))} MiB/s`;
  const ratio = median(ours.map((ms, pair) => ms / peers[pair]!));
  console.log(
    `copy: a disk of ${DISK_SIZE / GIB} GiB with ${DATA_SIZE / GIB} GiB of data, median of ${ours.length} pairs`,
  );
  console.log(`  cp --sparse=always   ${median(peers).toFixed(0)} ms`);
  console.log(`  full copy            ${median(ours).toFixed(0)} ms (${rate(median(ours))}), ${ratio.toFixed(2)} x cp`);
  console.log(
    `  increment, compared  ${median(increments).toFixed(0)} ms for ${changedBlocks} changed blocks of ${blocks}`,
  );
}

if (import.meta.main) void bench();
