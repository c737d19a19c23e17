import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { demandSameBytes } from '../replication/data-centre.ts';
import {
  activationCode,
  importedServers,
  lastRun,
  replicate,
  snapshotsAt,
  writeBlocks,
} from '../support/connectors.ts';
import { connectorProcess, type Running, up } from '../support/process.ts';

/**
 * Kills connectors and service at moments by chance while servers are replicated through two connectors of one manager, and checks what came of it: one
 * image per run, with the bytes of the disk, and at most 1 % of the blocks put more than once. `--short` is for CI; `--seed N` repeats a course of kills.
 */
const SHORT = process.argv.includes('--short');
const SEED = process.argv.includes('--seed') ? process.argv[process.argv.indexOf('--seed') + 1]! : String(Date.now());
const SERVERS = ['db1', 'web1', 'web2'];
const BLOCKS = SHORT ? 600 : 2_000;
const KILLS = SHORT ? 6 : 30;

/** A number from 0 up to 1, the same for the same seed. */
function random() {
  random.count++;
  return createHash('sha256').update(`${SEED} ${random.count}`).digest().readUInt32LE() / 2 ** 32;
}
random.count = 0;

/** What blocks were put, as it is seen on the way between connectors and service, whose port changes with each start. */
function counting() {
  let target = '';
  const puts = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const onward = forward(new URL(url, target), { method, headers }, (response) => {
      if (method === 'PUT' && response.statusCode === 201) puts.set(url, (puts.get(url) ?? 0) + 1);
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
      response.on('error', () => outgoing.destroy());
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  return new Promise<{ url: string; puts: typeof puts; lead(to: string): void; close(): void }>((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        puts,
        lead(to) {
          target = to;
        },
        close: () => server.close(),
      }),
    ),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'rehost-chaos-'));
const source = join(folder, 'datacenter');
for (const server of SERVERS) writeBlocks(source, server, BLOCKS);
const proxy = await counting();
const startService = async () => {
  const running = await up(['--data', join(folder, 'service')]);
  proxy.lead(running.endpoint.url);
  return running;
};
const startConnector = (name: string, args: readonly string[] = []) =>
  connectorProcess(['--source', `images:${source}`, '--data', join(folder, name), '--copies', '2', ...args]);

const began = Date.now();
let service: Running = await startService();
const connectors: Record<string, Awaited<ReturnType<typeof connectorProcess>>> = {};
for (const name of ['one', 'two']) {
  const code = await activationCode(service.endpoint);
  connectors[name] = await startConnector(name, ['--activate', code, '--endpoint', proxy.url]);
}
const ids = await importedServers(service.endpoint.sms);
const jobs = new Map<string, string>();
for (const server of SERVERS) jobs.set(server, await replicate(service.endpoint.sms, ids.get(server)!));
const isOver = async () => {
  const runs = await Promise.all([...jobs.values()].map((job) => lastRun(service.endpoint.sms, job)));
  return runs.every((run) => run !== undefined && run.state !== 'ACTIVE');
};

const WHO = [['service'], ['one'], ['two'], ['service', 'one'], ['one', 'two'], ['service', 'one', 'two']];
let kills = 0;
while (kills < KILLS && !(await isOver())) {
  await sleep(100 + random() * 600);
  const victims = WHO[Math.floor(random() * WHO.length)]!;
  await Promise.all(victims.map((name) => (name === 'service' ? service.kill() : connectors[name]!.kill())));
  for (const name of victims) {
    if (name === 'service') service = await startService();
    else connectors[name] = await startConnector(name);
  }
  kills += victims.length;
}
for (const end = Date.now() + 300_000; !(await isOver()); await sleep(250))
  if (Date.now() > end) throw new Error(`seed ${SEED}: the runs do not end`);

const { url, region, credentials } = service.endpoint;
const ec2 = new EC2Client({ endpoint: url, region, credentials });
const snapshots = await snapshotsAt(service.endpoint);
const kept: string[] = [];
for (const [server, job] of jobs) {
  const run = await lastRun(service.endpoint.sms, job);
  if (run?.state !== 'COMPLETED' || !run.amiId) throw new Error(`seed ${SEED}: ${server}: ${JSON.stringify(run)}`);
  const { Snapshots = [] } = await ec2.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag:SMSJobId', Values: [job] }] }),
  );
  if (Snapshots.length !== 1) throw new Error(`seed ${SEED}: ${server} has ${Snapshots.length} snapshots`);
  kept.push(Snapshots[0]!.SnapshotId!);
  await demandSameBytes(snapshots, kept.at(-1)!, join(source, server, 'disk.img'));
}
const total = SERVERS.length * BLOCKS;
const put = [...proxy.puts.values()].reduce((sum, count) => sum + count, 0);
const repeated = ((put - total) / total) * 100;
console.log(
  `seed ${SEED}: ${kills} kills in ${((Date.now() - began) / 1_000).toFixed(0)} s; ${SERVERS.length} images, byte for byte; ${put} puts for ${total} blocks, ${repeated.toFixed(2)} % repeated (${(repeated / Math.max(1, kills)).toFixed(3)} % a kill)`,
);
for (const one of [...Object.values(connectors), service]) await one.kill();
snapshots.close();
proxy.close();
rmSync(folder, { recursive: true });
// A kill repeats what was put and not noted yet: six blocks a copy, and two copies a connector.
if (repeated > Math.max(1, kills * 0.5))
  throw new Error(`seed ${SEED}: ${repeated.toFixed(2)} % of the blocks were put again`);
process.exit(0);
