import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imagesSource } from '../lib/connector/images-source.ts';
import { openFileSnapshots } from '../lib/local/file-snapshots.ts';
import { systemClock } from '../lib/local/system-clock.ts';
import { transferServer } from '../lib/replication/transfer-server.ts';
import { GIB } from '../lib/snapshots.ts';

/** A disk of 4 GiB of which an eighth is data, in 64 areas. */
const DISK_SIZE = 4 * GIB;
const DATA_SIZE = GIB / 2;
const AREAS = 64;
/** Rounds, in each of which every format is copied once, after one to warm up. The median of the ratios to raw is what is printed. */
const ROUNDS = 5;

interface Format {
  readonly name: string;
  readonly file: string;
  readonly format: string;
  readonly options?: string;
}

const FORMATS: readonly Format[] = [
  { name: 'raw', file: 'disk.img', format: 'raw' },
  { name: 'VMDK, sparse', file: 'disk.vmdk', format: 'vmdk' },
  { name: 'VMDK, flat', file: 'disk.vmdk', format: 'vmdk', options: 'subformat=monolithicFlat' },
  { name: 'VMDK, streamOptimized', file: 'disk.vmdk', format: 'vmdk', options: 'subformat=streamOptimized' },
  { name: 'qcow2', file: 'disk.qcow2', format: 'qcow2' },
  { name: 'VHD, dynamic', file: 'disk.vhd', format: 'vpc', options: 'force_size=on' },
  { name: 'VHDX, dynamic', file: 'disk.vhdx', format: 'vhdx' },
];

/** Copies the same disk in each format into a snapshot store of this process, beside raw. All is in the page cache. */
export async function bench(): Promise<void> {
  if (spawnSync('qemu-img', ['--version']).error)
    return console.log('formats: there is no qemu-img; install qemu-utils');
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  try {
    const raw = await makeDisk(folder);
    for (const [position, { file, format, options }] of FORMATS.entries()) {
      mkdirSync(join(folder, 'source', String(position)), { recursive: true });
      const more = options ? ['-o', options] : [];
      const path = join(folder, 'source', String(position), file);
      execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...more, raw, path]);
    }
    const rounds: number[][] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const times: number[] = [];
      for (const position of FORMATS.keys()) times.push(await copy(folder, String(position)));
      if (round > 0) rounds.push(times);
    }
    report(rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function makeDisk(folder: string): Promise<string> {
  const path = join(folder, 'raw');
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

/** Milliseconds of a first run into an empty store. */
async function copy(folder: string, vmId: string): Promise<number> {
  const store = join(folder, 'store');
  const snapshots = await openFileSnapshots(join(store, 'snapshots'), { clock: systemClock });
  const start = performance.now();
  await transferServer(
    { runId: 'run', jobId: 'job', attempt: 1, vmId, description: '', tags: {} },
    {
      source: imagesSource(join(folder, 'source')),
      snapshots,
      stateFolder: join(store, 'state'),
      clock: systemClock,
      onProgress() {},
    },
  );
  const taken = performance.now() - start;
  await snapshots.close();
  rmSync(store, { recursive: true });
  return taken;
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function report(rounds: readonly (readonly number[])[]) {
  console.log(
    `formats: a disk of ${DISK_SIZE / GIB} GiB with ${DATA_SIZE / GIB} GiB of data, median of ${ROUNDS} rounds`,
  );
  for (const [position, { name }] of FORMATS.entries()) {
    const times = median(rounds.map((times) => times[position]!));
    const ratio = median(rounds.map((times) => times[position]! / times[0]!));
    console.log(`  ${name.padEnd(22)} ${times.toFixed(0).padStart(5)} ms, ${ratio.toFixed(2)} x raw`);
  }
}

if (import.meta.main) void bench();
