import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetConnectorsCommand } from '@aws-sdk/client-sms';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Identity } from '../../lib/agent/identity-file.ts';
import { jsonCall } from '../../lib/agent/json-call.ts';
import { demandSameBytes } from '../replication/data-centre.ts';
import {
  activationCode,
  admin,
  importedServers,
  lastRun,
  replicate,
  runEnded,
  snapshotsAt,
  writeBlocks,
} from '../support/connectors.ts';
import { connectorProcess, type Running, rehost, up } from '../support/process.ts';
import { until } from '../support/start.ts';

/** A few seconds are enough; a machine with other work takes longer. */
jest.setTimeout(60_000);

/** A real `rehost up` that has no source, and real `rehost connector` processes beside it. The tests build on each other. */
const BLOCKS = 30;
const SERVERS = ['db1', 'web1', 'web2'];
let folder: string;
let service: Running;
let connector: Awaited<ReturnType<typeof connectorProcess>>;
let code: string;
let servers: Map<string, string>;

const source = () => `images:${join(folder, 'datacenter')}`;
const data = (name: string) => join(folder, name);
const identity = (name: string) => JSON.parse(readFileSync(join(data(name), 'connector.json'), 'utf8')) as Identity;
const environment = () => ({
  AWS_ENDPOINT_URL: service.endpoint.url,
  AWS_ACCESS_KEY_ID: service.endpoint.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: service.endpoint.credentials.secretAccessKey,
});
const activation = (name: string, one: string) => [
  ...['--activate', one, '--endpoint', service.endpoint.url],
  ...['--source', source(), '--data', data(name)],
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  for (const server of SERVERS) writeBlocks(join(folder, 'datacenter'), server, BLOCKS);
  service = await up(['--data', data('service')]);
});
afterAll(async () => {
  await connector?.kill();
  await service?.kill();
  rmSync(folder, { recursive: true });
});

test('a code from the command line makes a connector, whose key only its user may read', async () => {
  const made = await rehost(['connectors', 'code'], environment());
  code = made.stdout.trim();
  expect(made).toMatchObject({ status: 0, stderr: expect.stringContaining('rehost connector --activate AKIA') });
  connector = await connectorProcess(activation('first', code));
  expect(statSync(join(data('first'), 'connector.json')).mode & 0o777).toBe(0o600);
  const { connectorList } = await service.endpoint.sms.send(new GetConnectorsCommand({}));
  expect(connectorList).toMatchObject([{ connectorId: connector.connectorId, status: 'HEALTHY' }]);
});

test('a code that was used makes no second connector, and the first may be started with it again', async () => {
  const second = await rehost(['connector', ...activation('second', code)]);
  expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining('the activation code was used') });
  await connector.kill();
  const first = connector.connectorId;
  connector = await connectorProcess(activation('first', code));
  expect(connector.connectorId).toBe(first);
});

test('servers are imported by message, and migrated byte for byte', async () => {
  servers = await importedServers(service.endpoint.sms);
  expect([...servers.keys()].sort()).toEqual(SERVERS);
  const jobs = await Promise.all(SERVERS.map((name) => replicate(service.endpoint.sms, servers.get(name)!)));
  const snapshots = await snapshotsAt(service.endpoint);
  const { credentials, region, url } = service.endpoint;
  const ec2 = new EC2Client({ endpoint: url, region, credentials });
  for (const [index, job] of jobs.entries()) {
    expect(await runEnded(service.endpoint.sms, job)).toMatchObject({ state: 'COMPLETED', amiId: expect.any(String) });
    const Filters = [{ Name: 'tag:SMSJobId', Values: [job] }];
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ Filters }));
    expect(Snapshots).toHaveLength(1);
    await demandSameBytes(
      snapshots,
      Snapshots[0]!.SnapshotId!,
      join(folder, 'datacenter', SERVERS[index]!, 'disk.img'),
    );
  }
  snapshots.close();
});

test('a connector that is asked to takes a new key; the old one is good for nothing then', async () => {
  const before = identity('first');
  await admin(service.endpoint, 'RotateConnectorKey', { connectorId: connector.connectorId });
  const after = await until(
    async () => identity('first'),
    ({ accessKeyId, unconfirmed }) => accessKeyId !== before.accessKeyId && !unconfirmed,
  );
  expect(after.secretAccessKey).not.toBe(before.secretAccessKey);
  const body = { connectorId: connector.connectorId, waitSeconds: 0, copySlots: 0, transfers: [] };
  const ask = (credentials: Identity) =>
    jsonCall({
      ...{ endpoint: service.endpoint.url, region: 'us-east-1', credentials, patience: 5_000 },
      ...{ target: 'AWSServerMigrationService_V2016_10_24.GetMessages', body },
    });
  await until(
    () =>
      ask(before).then(
        () => 'answered',
        ({ type }) => type as string,
      ),
    (answer) => answer === 'UnrecognizedClientException',
  );
  await expect(ask(after)).resolves.toMatchObject({ messages: [] });
  const job = await replicate(service.endpoint.sms, servers.get('db1')!);
  expect(await runEnded(service.endpoint.sms, job)).toMatchObject({ state: 'COMPLETED' });
});

test('connector and service that are killed in the middle of a copy end with one image', async () => {
  writeBlocks(join(folder, 'datacenter'), 'web2', 200);
  const job = await replicate(service.endpoint.sms, servers.get('web2')!);
  const { url } = service.endpoint;
  await until(
    () => lastRun(service.endpoint.sms, job),
    (run) => run !== undefined,
  );
  await service.kill();
  await connector.kill();
  service = await up(['--data', data('service'), '--port', new URL(url).port]);
  connector = await connectorProcess(['--source', source(), '--data', data('first')]);
  expect(await runEnded(service.endpoint.sms, job)).toMatchObject({ state: 'COMPLETED' });
});

test('a connector whose key is revoked ends, and says what to do', async () => {
  const ended = new Promise<number | null>((resolve) => connector.child.once('exit', resolve));
  let errors = '';
  connector.child.stderr!.on('data', (text) => {
    errors += text;
  });
  await admin(service.endpoint, 'RevokeConnectorKey', { connectorId: connector.connectorId });
  expect(await ended).toBe(1);
  expect(errors).toContain('rehost: ');
  const former = connector.connectorId;
  connector = await connectorProcess(activation('first', await activationCode(service.endpoint)));
  expect(connector.connectorId).toBe(former);
});
