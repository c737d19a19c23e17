/**
 * Copies of a disk beside other programs' copies of it, in one run: `npm run bench -- copy`. All work in the page cache, on the same two cores or more, so
 * only ratios tell something. The endpoint is `rehost up` in a process of its own.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { type Ec2Snapshots, ec2Snapshots } from '../lib/aws/ec2-snapshots.ts';
import { openFileSnapshots } from '../lib/local/file-snapshots.ts';
import { systemClock } from '../lib/local/system-clock.ts';
import { BLOCK_SIZE, GIB } from '../lib/snapshots.ts';
import { type Running, up } from '../test/support/process.ts';
import { type Bar, print } from './copy/bars.ts';
import { CHANGED, changeDisk, DATA_BLOCKS, DATA_SIZE, DISK_SIZE, makeDisk } from './copy/disk.ts';
import { copy, openEndpoint, trackingSource } from './copy/ours.ts';
import { fileCopyTime, isMissing, programTime, pythonWithBoto3, uploadByBoto3 } from './copy/peers.ts';
import { uploadBySdk } from './copy/sdk-uploader.ts';

/** Rounds, after one to warm up; in each every program copies the same disk once. */
const ROUNDS = Number(process.env.ROUNDS ?? 5);
/** Those that take long are measured in the first rounds only. */
const SLOW_ROUNDS = Math.min(3, ROUNDS);

const CP = 'cp --sparse=always';
const HTTP = 'ours, over HTTP';
const IN_PROCESS = 'ours, in process';
const VMDK = 'ours, VMDK over HTTP';
const QEMU_IMG = 'qemu-img convert';
const NBDCOPY = 'nbdcopy';
const BOTO3 = 'boto3 uploader';
const SDK = 'SDK v3 uploader';

type Times = Record<string, number[]>;

interface Bed {
  readonly folder: string;
  readonly disk: string;
  readonly service: Running;
  readonly ec2: Ec2Snapshots;
  readonly snapshots: Awaited<ReturnType<typeof openEndpoint>>;
}

export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  const disk = join(folder, 'source', 'vm', 'disk0.img');
  await makeDisk(disk);
  const service = await up(['--data', join(folder, 'data')]);
  try {
    const { url: endpoint, region, credentials } = service.endpoint;
    const ec2 = ec2Snapshots(new EC2Client({ endpoint, region, credentials }));
    const bed = { folder, disk, service, ec2, snapshots: await openEndpoint(service.endpoint, ec2) };
    const has = { boto3: pythonWithBoto3(), qemu: !isMissing('qemu-img'), nbdcopy: !isMissing('nbdcopy') };
    for (const [name, there] of Object.entries(has)) if (!there) console.log(`  there is no ${name}: left out`);
    if (has.qemu) makeVmdk(folder, disk);
    console.log(`  a disk of ${DISK_SIZE / GIB} GiB with ${DATA_SIZE / GIB} GiB of data; the best of ${ROUNDS} rounds`);
    const times: Times = {};
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, ms] of Object.entries(await fullCopies(bed, { ...has, slow: round <= SLOW_ROUNDS })))
        if (round > 0) times[name] = [...(times[name] ?? []), ms];
    reportFull(times);
    reportIncrements(await increments(bed));
    await reportMemory(bed);
    bed.snapshots.close();
  } finally {
    await service.kill();
    rmSync(folder, { recursive: true });
  }
}

function makeVmdk(folder: string, disk: string) {
  mkdirSync(join(folder, 'source', 'vmdk'));
  const vmdk = join(folder, 'source', 'vmdk', 'disk0.vmdk');
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', disk, vmdk]);
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

let jobs = 0;

/** A first run; its snapshot is removed again, so that the next one finds none of its blocks. */
async function fullTime({ folder, snapshots }: Bed, vmId: string): Promise<number> {
  let made = '';
  const ms = await time(async () => {
    const { disks } = await copy({ folder, snapshots, vmId, jobId: `job-${++jobs}`, runId: 'run' });
    made = disks[0]!.snapshotId;
  });
  await snapshots.remove(made);
  return ms;
}

async function inProcessTime({ folder }: Bed): Promise<number> {
  const store = join(folder, 'store');
  const snapshots = await openFileSnapshots(store, { clock: systemClock });
  const ms = await time(() =>
    copy({ folder, snapshots: snapshots.trusted, vmId: 'vm', jobId: `job-${++jobs}`, runId: 'run' }),
  );
  await snapshots.close();
  rmSync(store, { recursive: true });
  return ms;
}

interface Has {
  readonly boto3: string | undefined;
  readonly qemu: boolean;
  readonly nbdcopy: boolean;
  readonly slow: boolean;
}

/** Milliseconds of each program for the same disk. */
async function fullCopies(bed: Bed, { boto3, qemu, nbdcopy, slow }: Has): Promise<Record<string, number>> {
  const { disk, folder, service, snapshots } = bed;
  const target = join(folder, 'copy');
  const times: Record<string, number> = {
    [CP]: fileCopyTime('cp', ['--sparse=always', disk], target),
    [HTTP]: await fullTime(bed, 'vm'),
    [IN_PROCESS]: await inProcessTime(bed),
  };
  if (qemu) times[QEMU_IMG] = fileCopyTime('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', disk], target);
  if (nbdcopy) times[NBDCOPY] = fileCopyTime('nbdcopy', [disk], target);
  if (!slow) return times;
  if (qemu) times[VMDK] = await fullTime(bed, 'vmdk');
  let made = '';
  times[SDK] = await time(async () => {
    made = await uploadBySdk(service.endpoint, disk, DATA_BLOCKS);
  });
  await snapshots.remove(made);
  if (!boto3) return times;
  const { ms, snapshot } = uploadByBoto3(boto3, service.endpoint, disk);
  await snapshots.remove(snapshot);
  return { ...times, [BOTO3]: ms };
}

function reportFull(times: Times) {
  const best = (name: string) => Math.min(...(times[name] ?? []));
  const ratio = (one: string, other: string, bar: Pick<Bar, 'atMost' | 'atLeast' | 'note'> = {}) => {
    if (times[one] && times[other])
      print({ what: `${one} / ${other}`, figures: [best(one) / best(other)], unit: 'x', ...bar });
  };
  for (const [what, figures] of Object.entries(times)) {
    const rate = DATA_SIZE / 2 ** 20 / (Math.min(...figures) / 1_000);
    print({ what, figures, unit: 'ms', note: `${rate.toFixed(0)} MiB/s` });
  }
  ratio(HTTP, CP, { atMost: 5, note: '(stretch: 3.8)' });
  ratio(IN_PROCESS, CP, { atMost: 3 });
  ratio(HTTP, QEMU_IMG);
  ratio(HTTP, NBDCOPY);
  ratio(BOTO3, HTTP, { atLeast: 2 });
  ratio(SDK, HTTP, { atLeast: 1.6 });
  ratio(VMDK, HTTP, { atMost: 2.2 });
}

/** Milliseconds of increments of the same changes: by comparing all blocks, by a list of changes, and by rsync. */
async function increments({ folder, disk, snapshots }: Bed): Promise<Times> {
  const times: Times = { scan: [], list: [], rsync: [] };
  const rsynced = join(folder, 'rsynced');
  const withRsync = !isMissing('rsync');
  if (withRsync) execFileSync('cp', ['--sparse=always', disk, rsynced]);
  const run = (runId: string, jobId: string, offsets: readonly number[] = []) =>
    copy({ folder, snapshots, vmId: 'vm', jobId, runId, more: { source: trackingSource(folder, offsets) } });
  const scanned = (runId: string) => copy({ folder, snapshots, vmId: 'vm', jobId: 'scanned', runId });
  await run('0', 'listed');
  await scanned('0');
  for (let round = 1; round <= SLOW_ROUNDS; round++) {
    const offsets = await changeDisk(disk);
    times.list!.push(await time(() => run(`${round}`, 'listed', offsets)));
    times.scan!.push(await time(() => scanned(`${round}`)));
    // Its time has to differ, or rsync would skip the file.
    if (withRsync)
      times.rsync!.push(programTime('rsync', ['--inplace', '--no-whole-file', '--ignore-times', disk, rsynced]));
  }
  return times;
}

function reportIncrements({ scan = [], list = [], rsync = [] }: Times) {
  console.log(`  increments: ${CHANGED} of ${DISK_SIZE / BLOCK_SIZE} blocks changed`);
  print({ what: 'increment by comparing all blocks', figures: scan, unit: 'ms' });
  const figures = [Math.min(...rsync) / Math.min(...scan)];
  if (rsync.length > 0)
    print({ what: 'rsync --inplace --no-whole-file / ours by comparing', figures, unit: 'x', atLeast: 8 });
  else console.log('  there is no rsync: left out');
  print({ what: 'increment by a list of changes', figures: list, unit: 'ms', atMost: 1.5 * CHANGED + 50 });
}

/** MiB that a copy in a process of its own takes at most, all in all. */
async function memoryOf(vmId: string, { folder, service, ec2 }: Bed): Promise<number> {
  const { url, region, credentials } = service.endpoint;
  const asked = JSON.stringify({ folder, vmId, jobId: `memory-${vmId}`, endpoint: { url, region, credentials } });
  const child = fork(join(import.meta.dirname, 'copy', 'connector.ts'), [asked], { execArgv: ['--no-warnings'] });
  let mebibytes = 0;
  child.on('message', async ({ what, id, kib }: { what: keyof Ec2Snapshots; id: string; kib?: number }) => {
    if (kib === undefined) child.send((await ec2[what](id)) ?? 'unknown');
    else mebibytes = kib / 1_024;
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`the connector ended with ${status}`);
  return mebibytes;
}

/** The large disk is as large as the file system allows, up to 16 TiB, with the same data. */
async function reportMemory(bed: Bed) {
  const small = [await memoryOf('vm', bed)];
  print({ what: `memory of a copy, ${DISK_SIZE / GIB} GiB`, figures: small, unit: 'MiB', atMost: 200 });
  const size = await makeLargeDisk(join(bed.folder, 'source', 'large'), bed.disk);
  const large = [await memoryOf('large', bed)];
  print({ what: `memory of a copy, ${Math.round(size / GIB)} GiB`, figures: large, unit: 'MiB', atMost: 200 });
}

async function makeLargeDisk(folder: string, disk: string): Promise<number> {
  mkdirSync(folder);
  const path = join(folder, 'disk0.img');
  execFileSync('cp', ['--sparse=always', disk, path]);
  const file = await open(path, 'r+');
  try {
    for (let size = 16_383 * GIB; ; size = Math.floor(size / 2 / BLOCK_SIZE) * BLOCK_SIZE)
      if (
        await file.truncate(size).then(
          () => true,
          () => false,
        )
      )
        return size;
  } finally {
    await file.close();
  }
}
