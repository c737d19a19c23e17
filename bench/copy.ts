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
import { type Bar, best, print, printRatio, printTime } from './copy/bars.ts';
import { CHANGED, changeDisk, DATA_BLOCKS, DATA_SIZE, DISK_SIZE, makeDisk } from './copy/disk.ts';
import { type Meter, meterOf, type Sample } from './copy/meter.ts';
import { copy, openEndpoint, trackingSource } from './copy/ours.ts';
import { isMissing, pythonWithBoto3, runProgram, uploadByBoto3 } from './copy/peers.ts';
import { uploadBySdk } from './copy/sdk-uploader.ts';

/** Rounds, after one to warm up; in each every program copies the same disk once. */
const ROUNDS = Number(process.env.ROUNDS ?? 5);

const CP = 'cp --sparse=always';
const HTTP = 'ours, over HTTP';
const IN_PROCESS = 'ours, in process';
const VMDK = 'ours, VMDK over HTTP';
const QEMU_IMG = 'qemu-img convert';
const NBDCOPY = 'nbdcopy';
const BOTO3 = 'boto3 uploader';
const SDK = 'SDK v3 uploader';

type Times = Record<string, Sample[]>;

interface Bed {
  readonly folder: string;
  readonly disk: string;
  readonly service: Running;
  /** Measures work of this process, its children and the service. */
  readonly meter: Meter;
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
    const bed = {
      meter: meterOf(service.child.pid!),
      folder,
      disk,
      service,
      ec2,
      snapshots: await openEndpoint(service.endpoint, ec2),
    };
    const has = { boto3: pythonWithBoto3(), qemu: !isMissing('qemu-img'), nbdcopy: !isMissing('nbdcopy') };
    for (const [name, there] of Object.entries(has)) if (!there) console.log(`  there is no ${name}: left out`);
    if (has.qemu) makeVmdk(folder, disk);
    console.log(`  a disk of ${DISK_SIZE / GIB} GiB with ${DATA_SIZE / GIB} GiB of data; the best of ${ROUNDS} rounds`);
    const times: Times = {};
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, sample] of Object.entries(await fullCopies(bed, has)))
        if (round > 0) times[name] = [...(times[name] ?? []), sample];
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

let jobs = 0;

/** A first run; its snapshot is removed again, so that the next one finds none of its blocks. */
async function fullTime({ folder, snapshots, meter }: Bed, vmId: string): Promise<Sample> {
  let made = '';
  const sample = await meter(async () => {
    const { disks } = await copy({ folder, snapshots, vmId, jobId: `job-${++jobs}`, runId: 'run' });
    made = disks[0]!.snapshotId;
  });
  await remove(made, snapshots);
  return sample;
}

async function inProcessTime({ folder, meter }: Bed): Promise<Sample> {
  const store = join(folder, 'store');
  const snapshots = await openFileSnapshots(store, { clock: systemClock });
  const sample = await meter(() =>
    copy({ folder, snapshots: snapshots.trusted, vmId: 'vm', jobId: `job-${++jobs}`, runId: 'run' }),
  );
  await snapshots.close();
  rmSync(store, { recursive: true });
  return sample;
}

interface Has {
  readonly boto3: string | undefined;
  readonly qemu: boolean;
  readonly nbdcopy: boolean;
}

/** Milliseconds of each program for the same disk. */
async function fullCopies(bed: Bed, { boto3, qemu, nbdcopy }: Has): Promise<Record<string, Sample>> {
  const { disk, folder, service, snapshots, meter } = bed;
  const target = join(folder, 'copy');
  const fileCopy = async (command: string, args: readonly string[]) => {
    const sample = await meter(async () => runProgram(command, [...args, target]));
    rmSync(target);
    return sample;
  };
  const times: Record<string, Sample> = {
    [CP]: await fileCopy('cp', ['--sparse=always', disk]),
    [HTTP]: await fullTime(bed, 'vm'),
    [IN_PROCESS]: await inProcessTime(bed),
  };
  if (qemu) times[QEMU_IMG] = await fileCopy('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', disk]);
  if (nbdcopy) times[NBDCOPY] = await fileCopy('nbdcopy', [disk]);
  if (qemu) times[VMDK] = await fullTime(bed, 'vmdk');
  let made = '';
  times[SDK] = await meter(async () => {
    made = await uploadBySdk(service.endpoint, disk, DATA_BLOCKS);
  });
  await remove(made, snapshots);
  if (!boto3) return times;
  let own = { ms: 0, snapshot: '' };
  const { cpu } = await meter(async () => {
    own = uploadByBoto3(boto3, service.endpoint, disk);
  });
  await remove(own.snapshot, snapshots);
  // Its start, with the loading of modules, is not counted as time.
  return { ...times, [BOTO3]: { ms: own.ms, cpu } };
}

/** Removes the snapshot, and waits until the endpoint has given its room back: the next copy would share the disk with that. */
async function remove(id: string, snapshots: Bed['snapshots']) {
  await snapshots.remove(id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

function reportFull(times: Times) {
  const ratio = (one: string, other: string, bar: Pick<Bar, 'atMost' | 'atLeast'> & { note?: string } = {}) => {
    const [ours, theirs] = [times[one], times[other]];
    if (ours && theirs) printRatio(`${one} / ${other}`, [ours, theirs], bar);
  };
  for (const [what, samples] of Object.entries(times)) printTime(what, samples, DATA_SIZE);
  ratio(HTTP, CP, { atMost: 5, note: 'stretch: 3.8' });
  ratio(IN_PROCESS, CP, { atMost: 3 });
  ratio(HTTP, QEMU_IMG);
  ratio(HTTP, NBDCOPY);
  ratio(BOTO3, HTTP, { atLeast: 2 });
  ratio(SDK, HTTP, { atLeast: 1.6 });
  ratio(VMDK, HTTP, { atMost: 2.2 });
}

/** Milliseconds of increments of the same changes: by comparing all blocks, by a list of changes, and by rsync. */
async function increments({ folder, disk, snapshots, meter }: Bed) {
  const times = { scan: [] as Sample[], list: [] as Sample[], rsync: [] as Sample[] };
  const rsynced = join(folder, 'rsynced');
  const withRsync = !isMissing('rsync');
  if (withRsync) execFileSync('cp', ['--sparse=always', disk, rsynced]);
  const run = (runId: string, jobId: string, offsets: readonly number[] = []) =>
    copy({ folder, snapshots, vmId: 'vm', jobId, runId, more: { source: trackingSource(folder, offsets) } });
  const scanned = (runId: string) => copy({ folder, snapshots, vmId: 'vm', jobId: 'scanned', runId });
  await run('0', 'listed');
  await scanned('0');
  for (let round = 1; round <= ROUNDS; round++) {
    const offsets = await changeDisk(disk);
    times.list.push(await meter(() => run(`${round}`, 'listed', offsets)));
    times.scan.push(await meter(() => scanned(`${round}`)));
    // Its time has to differ, or rsync would skip the file.
    const program = ['--inplace', '--no-whole-file', '--ignore-times', disk, rsynced];
    if (withRsync) times.rsync.push(await meter(async () => runProgram('rsync', program)));
  }
  return times;
}

function reportIncrements({ scan, list, rsync }: Awaited<ReturnType<typeof increments>>) {
  console.log(`  increments: ${CHANGED} of ${DISK_SIZE / BLOCK_SIZE} blocks changed`);
  printTime('increment by comparing all blocks', scan);
  if (rsync.length > 0) {
    printTime('rsync --inplace --no-whole-file', rsync);
    printRatio('rsync / ours by comparing all blocks', [rsync, scan], { atLeast: 8 });
  } else console.log('  there is no rsync: left out');
  const { ms, cpu } = best(list);
  const note = `${cpu.toFixed(0)} ms of processor time`;
  print({ what: 'increment by a list of changes', figure: ms, unit: 'ms', atMost: 1.5 * CHANGED + 50, note });
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
  const small = await memoryOf('vm', bed);
  print({ what: `memory of a copy, ${DISK_SIZE / GIB} GiB`, figure: small, unit: 'MiB', atMost: 200 });
  const size = await makeLargeDisk(join(bed.folder, 'source', 'large'), bed.disk);
  const large = await memoryOf('large', bed);
  print({ what: `memory of a copy, ${Math.round(size / GIB)} GiB`, figure: large, unit: 'MiB', atMost: 200 });
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
