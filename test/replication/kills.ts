/**
 * The slow proof that a copy survives: `npm run test:kills`, a few minutes; with `--short` less than one, as CI runs it. Three processes in turn are
 * killed at random blocks: one that writes, the endpoint that it writes to, and a service that does both. Each time there has to be one snapshot in the end,
 * or one image, with the bytes of the disk, and few blocks may have been put twice.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateReplicationJobCommand, GetReplicationJobsCommand, GetServersCommand } from '@aws-sdk/client-sms';
import { importServers } from '../../lib/cli/import.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { TransferResult } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { type Running, rehost, up } from '../support/process.ts';
import { demandSameBytes } from './data-centre.ts';

const SHORT = process.argv.includes('--short');
const ROUNDS = SHORT ? 1 : 5;
const KILLS = 3;
/** So many that those on their way at each kill, six at a time, are less than the share. */
const BLOCKS = 1_900;
/** Share of the blocks that may be put twice, all kills together. */
const REPEATED = 0.01;
/** A record of a journal, and of its first line at most. */
const RECORD = 40;

const random = (most: number) => Math.floor(Math.random() * most);

function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'copy-kills-'));
  mkdirSync(join(folder, 'source', 'db1'), { recursive: true });
  const disk = join(folder, 'source', 'db1', 'disk.img');
  writeFileSync(disk, randomFillSync(Buffer.alloc(BLOCKS * BLOCK_SIZE)));
  return { folder, disk };
}

/** Blocks that the journals below the folder name. */
function journalled(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.journal'));
  return files.reduce(
    (sum, name) => sum + Math.floor((statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) / RECORD),
    0,
  );
}

/** Resolves when the journals name so many blocks, or when it is over. */
async function reached(folder: string, blocks: number, isOver: () => boolean) {
  while (!isOver() && journalled(folder) < blocks) await sleep(3);
}

function demand(condition: boolean, what: string) {
  if (!condition) throw new Error(what);
}

const demandFew = (repeated: number, who: string) =>
  demand(repeated <= BLOCKS * REPEATED, `${who}: ${repeated} of ${BLOCKS} blocks were put twice`);

interface Writer {
  readonly kill: () => void;
  readonly isOver: () => boolean;
  /** What it printed, or undefined when it was killed. */
  readonly end: Promise<string | undefined>;
}

function write(folder: string, { endpoint: { url, region, credentials } }: Running): Writer {
  const asked = JSON.stringify({ folder, url, region, credentials });
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'copy-child.ts'), asked], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  let isOver = false;
  const end = new Promise<string | undefined>((resolve, reject) =>
    child.once('close', (status, signal) => {
      isOver = true;
      if (signal === 'SIGKILL') resolve(undefined);
      else if (status === 0) resolve(text);
      else reject(new Error(`the writer ended with ${status ?? signal}`));
    }),
  );
  return { kill: () => child.kill('SIGKILL'), isOver: () => isOver, end };
}

/** The endpoint is stopped; its store has the disk in one snapshot. Answers how many blocks were put more than once. */
async function demandOneCopy({ folder, disk }: { folder: string; disk: string }, printed: string): Promise<number> {
  const { disks } = JSON.parse(printed) as TransferResult;
  demand(disks[0]!.blocksCopied === BLOCKS, `${disks[0]!.blocksCopied} of ${BLOCKS} blocks were counted`);
  const snapshots = await openFileSnapshots(join(folder, 'data', 'snapshots'), { clock: systemClock });
  const all = snapshots.describeAll().map(({ id }) => id);
  demand(all.join() === disks[0]!.snapshotId, `there are snapshots ${all}, and ${disks[0]!.snapshotId} was expected`);
  await demandSameBytes(snapshots, all[0]!, disk);
  await snapshots.close();
  const puts = readFileSync(join(folder, 'puts'), 'utf8').trim().split('\n');
  demand(new Set(puts).size === BLOCKS, 'a block was never put');
  return puts.length - BLOCKS;
}

/** The writer is killed; the endpoint stays. */
async function killedWriter() {
  const { folder, disk } = makeFolder();
  const service = await up(['--data', join(folder, 'data')]);
  let printed: string | undefined;
  for (let kills = 0; printed === undefined; kills++) {
    const writer = write(folder, service);
    if (kills < KILLS) {
      await reached(join(folder, 'state'), random(BLOCKS), writer.isOver);
      writer.kill();
    }
    printed = await writer.end;
  }
  await service.kill();
  const repeated = await demandOneCopy({ folder, disk }, printed);
  demandFew(repeated, 'the writer was killed');
  console.log(`the writer was killed ${KILLS} times: one snapshot, ${repeated} of ${BLOCKS} blocks put twice`);
  rmSync(folder, { recursive: true });
}

/** The endpoint is killed, and started again on the same port; the writer stays. */
async function killedEndpoint() {
  const { folder, disk } = makeFolder();
  let service = await up(['--data', join(folder, 'data')]);
  const { port } = new URL(service.endpoint.url);
  const writer = write(folder, service);
  for (let kill = 0; kill < KILLS; kill++) {
    await reached(join(folder, 'state'), ((kill + Math.random()) / KILLS) * BLOCKS, writer.isOver);
    await service.kill();
    service = await up(['--data', join(folder, 'data'), '--port', port]);
  }
  const printed = await writer.end;
  await service.kill();
  const repeated = await demandOneCopy({ folder, disk }, printed!);
  demandFew(repeated, 'the endpoint was killed');
  console.log(`the endpoint was killed ${KILLS} times: one snapshot, ${repeated} of ${BLOCKS} blocks put twice`);
  rmSync(folder, { recursive: true });
}

/** Puts that the dead service's store holds, beyond those that its connector had noted: they are put again. */
function unnoted(data: string): number {
  const database = new DatabaseSync(join(data, 'snapshots', 'snapshots.db'));
  const { puts } = database.prepare('SELECT count(*) AS puts FROM pending').get() as { puts: number };
  database.close();
  return Math.max(0, puts - journalled(join(data, 'connector')));
}

async function runsOf({ endpoint: { sms } }: Running) {
  const { replicationJobList = [] } = await sms.send(new GetReplicationJobsCommand({}));
  return replicationJobList.flatMap(({ replicationRunList = [] }) => replicationRunList);
}

/** The service is killed, with its connector and its store; another goes on in the same folder. */
async function killedService() {
  const { folder, disk } = makeFolder();
  const data = join(folder, 'data');
  const start = () => up(['--data', data, '--source', `images:${join(folder, 'source')}`]);
  let service = await start();
  await importServers(service.endpoint.sms);
  const { serverList } = await service.endpoint.sms.send(new GetServersCommand({}));
  const job = { serverId: serverList![0]!.serverId!, seedReplicationTime: new Date(), runOnce: true };
  await service.endpoint.sms.send(new CreateReplicationJobCommand(job));
  let repeated = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await reached(join(data, 'connector'), ((kill + Math.random()) / (KILLS + 1)) * BLOCKS, () => false);
    await service.kill();
    repeated += unnoted(data);
    service = await start();
  }
  let runs = await runsOf(service);
  for (; runs[0]?.state === 'ACTIVE' || runs[0]?.state === 'PENDING'; runs = await runsOf(service)) await sleep(100);
  demand(runs.length === 1 && runs[0]!.state === 'COMPLETED', `the runs are ${JSON.stringify(runs)}`);
  await service.kill();
  demandFew(repeated, 'the service was killed');
  await demandImage(runs[0]!.amiId!, { folder, data, disk });
  console.log(`the service was killed ${KILLS} times: one image, ${repeated} of ${BLOCKS} blocks put twice`);
  rmSync(folder, { recursive: true });
}

async function demandImage(amiId: string, { folder, data, disk }: { folder: string; data: string; disk: string }) {
  const checked = await rehost(['fsck', '--data', data]);
  demand(checked.status === 0, `fsck: ${checked.stdout}${checked.stderr}`);
  demand(/images +1\b/.test(checked.stdout), `there is not one image: ${checked.stdout}`);
  const raw = join(folder, 'exported.img');
  const exported = await rehost(['export', amiId, '--data', data, '--format', 'raw', '--output', raw]);
  demand(exported.status === 0, `export: ${exported.stderr}`);
  execFileSync('cmp', [disk, raw]);
}

for (let round = 0; round < ROUNDS; round++)
  for (const kills of [killedWriter, killedEndpoint, killedService]) await kills();
process.exit(0);
