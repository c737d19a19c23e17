import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateReplicationJobCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  type ReplicationRun,
  type SMSClient,
  StartOnDemandReplicationRunCommand,
} from '@aws-sdk/client-sms';
import { importServers } from '../../lib/cli/import.ts';
import { makeDataFolder } from '../support/data-folder.ts';
import { efiApplication } from '../support/efi.ts';
import { efiPartition, gptDisk } from '../support/guest-disks.ts';
import { rehost, up } from '../support/process.ts';
import { makeGuest } from './guest-image.ts';
import { missingForGuest, unpackPackages } from './packages.ts';

/**
 * It boots: a guest of Debian's kernel runs under QEMU on a virtio disk, is replicated while it writes, once whole and once by what changed, and the
 * image starts on an NVMe disk and says what was last written before the second copy. `npm run test:boot`.
 */

const missing = missingForGuest();
if (missing) {
  console.log(`test:boot: skipped, since ${missing}`);
  process.exit(0);
}

const LIMIT = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'rehost-boot-'));
const file = (name: string) => join(folder, name);
const began = Date.now();
const say = (text: string) => console.log(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

/** What a machine says on a line. */
class Line {
  text = '';
  constructor(stream: NodeJS.ReadableStream) {
    stream.on('data', (chunk) => {
      this.text += chunk;
    });
  }
  async until(words: string | RegExp): Promise<void> {
    for (const end = Date.now() + LIMIT; !this.text.match(words); await sleep(50))
      if (Date.now() > end) throw new Error(`the guest did not say ${words}: ${this.text.slice(-2_000)}`);
  }
}

const ends: (() => Promise<void>)[] = [];
try {
  mkdirSync(file('sockets'), { recursive: true });
  makeGuest(unpackPackages(folder), file('disk.img'));
  say('made the guest');

  const { line, commands } = await startGuest();
  await line.until(/login:/);
  say('the guest is up on its virtio disk, and writes');

  const service = await up(['--data', file('data'), '--source', `qemu:${file('sockets')},scratch=${folder}`]);
  ends.push(() => service.kill());
  const { sms } = service.endpoint;
  await importServers(sms);
  const { serverList } = await sms.send(new GetServersCommand({}));
  const job = await sms.send(
    new CreateReplicationJobCommand({
      serverId: serverList![0]!.serverId,
      seedReplicationTime: new Date(),
      frequency: 24,
    }),
  );
  const first = await completed(sms, job.replicationJobId!, 1);
  say(`the whole disk: ${copied(first)}`);

  await tell(commands, 'echo second > /etc/marker; sync; echo noted', /noted/);
  await sms.send(new StartOnDemandReplicationRunCommand({ replicationJobId: job.replicationJobId }));
  const second = await completed(sms, job.replicationJobId!, 2);
  say(`what changed: ${copied(second)}`);

  await service.kill();
  const verdict = await rehost(['preflight', second.amiId!, '--data', file('data')]);
  process.stdout.write(verdict.stdout);
  if (verdict.status !== 0) throw new Error(`the image is not ready: ${verdict.stderr}`);
  const screenshot = file('screen.png');
  const options = ['--expect', 'pages are whole', '--memory', '512', '--screenshot', screenshot];
  const answer = await rehost(['boot', second.amiId!, '--data', file('data'), ...options]);
  process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  for (const words of ['root on /dev/nvme0n1p1, marker second', 'pages are whole'])
    if (answer.status !== 0 || !answer.stdout.includes(words)) throw new Error(`the image did not say "${words}"`);
  if (!statSync(screenshot).isFile()) throw new Error('there is no screenshot');
  say('the image is up on an NVMe disk, with the last marker, and no page is torn');
  await bootByUefi();
} finally {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

/** Firmware of the other kind: an image whose loader only says who it is. */
async function bootByUefi() {
  mkdirSync(file('uefi'));
  const disk = gptDisk(efiPartition('BOOTX64 EFI', efiApplication('started by UEFI\r\nguest login: ')));
  const answer = await rehost([
    'boot',
    'ami-1',
    '--data',
    await makeDataFolder(file('uefi'), [disk], 'uefi'),
    '--memory',
    '256',
  ]);
  if (answer.stderr.includes('(Debian package ovmf)'))
    return say('UEFI: skipped, since there is no OVMF (package ovmf)');
  process.stdout.write(answer.stdout);
  if (answer.status !== 0) throw new Error(`UEFI did not start the image: ${answer.stderr}`);
  say('an image is up by UEFI');
}

async function startGuest(): Promise<{ line: Line; commands: Socket }> {
  const child: ChildProcess = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-machine', 'q35', '-cpu', 'max', '-m', '512', '-nodefaults', '-display', 'none'],
      ...['-name', 'guest'],
      ...['-blockdev', `driver=raw,node-name=disk,file.driver=file,file.filename=${file('disk.img')}`],
      ...['-device', 'virtio-blk-pci,drive=disk,id=disk,bootindex=0'],
      ...['-serial', 'stdio', '-serial', `unix:${file('commands')},server=on,wait=off`],
      ...['-qmp', `unix:${file('sockets/guest.qmp')},server=on,wait=off`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  ends.push(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  const line = new Line(child.stdout!);
  await line.until(/guest: root on \/dev\/vda1/);
  const commands = connect(file('commands'));
  await once(commands, 'connect');
  return { line, commands };
}

async function tell(commands: Socket, command: string, answer: RegExp) {
  const line = new Line(commands);
  commands.write(`${command}\n`);
  await line.until(answer);
}

async function completed(sms: SMSClient, replicationJobId: string, count: number): Promise<ReplicationRun> {
  for (const end = Date.now() + LIMIT; Date.now() < end; await sleep(100)) {
    const { replicationRunList = [] } = await sms.send(new GetReplicationRunsCommand({ replicationJobId }));
    const done = replicationRunList.filter(({ state }) => state === 'COMPLETED');
    const failed = replicationRunList.find(({ state }) => state === 'FAILED');
    if (failed) throw new Error(`run failed: ${failed.statusMessage}`);
    if (done.length === count)
      return done.reduce((last, one) => (one.completedTime! > last.completedTime! ? one : last));
  }
  throw new Error('the run does not end');
}

function copied({ completedTime, scheduledStartTime, amiId, statusMessage }: ReplicationRun): string {
  const seconds = (completedTime!.getTime() - scheduledStartTime!.getTime()) / 1_000;
  return `${amiId} after ${seconds.toFixed(1)} s${statusMessage ? `, ${statusMessage}` : ''}`;
}
