import { join } from 'node:path';
import {
  DisassociateConnectorCommand,
  GetConnectorsCommand,
  GetReplicationJobsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { simulatedSource } from '../simulators/source.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { activationCode, importedServers, lastRun, type Place, replicate } from '../support/connectors.ts';
import { rehost } from '../support/process.ts';
import { type Started, start, until, writeDisk } from '../support/start.ts';

/** A few seconds are enough; a machine with other work takes longer. */
jest.setTimeout(60_000);

/** A service whose time is the test's, and connectors that reach it over HTTP in their own time. */
const MINUTE = 60_000;
let clock: VirtualClock;
let started: Started;
let place: Place;
let agent: TestAgent | undefined;

const pass = (ms: number) => clock.advance(ms, () => started.rehost.idle());
const status = async () => (await started.sms.send(new GetConnectorsCommand({}))).connectorList![0]!.status;
const copying = (jobId: string) =>
  until(
    () => lastRun(started.sms, jobId),
    (run) => run?.stageDetails?.stage === 'Uploading',
  );

beforeEach(async () => {
  clock = new VirtualClock(Date.now());
  started = await start({ sources: [], clock, auth: 'none', servers: ['db1'] });
  place = { url: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey };
});
afterEach(async () => {
  await agent?.stop();
  await started.end();
});

test('an import keeps the servers that a silent connector saw, and says whom it did not ask; they go when it is disassociated', async () => {
  await started.end();
  started = await start({ clock, servers: ['web1'] });
  place = { url: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey };
  const elsewhere = join(started.folder, 'elsewhere');
  writeDisk(elsewhere, 'db1');
  agent = await startAgent(place, { source: simulatedSource(elsewhere), folder: join(started.folder, 'one') });
  const { connectorId } = agent.identity;
  const again = async () => {
    await started.sms.send(new ImportServerCatalogCommand({}));
    await pass(MINUTE / 2);
    const { serverList = [], serverCatalogStatus } = await started.sms.send(new GetServersCommand({}));
    expect(serverCatalogStatus).toBe('AVAILABLE');
    return serverList.map(({ vmServer }) => vmServer!.vmName).sort();
  };
  expect([...(await importedServers(started.sms)).keys()].sort()).toEqual(['db1', 'web1']);
  await agent.stop();
  await pass(3 * MINUTE);
  expect(await again()).toEqual(['db1', 'web1']);
  const catalog = await started.rehost.services.store.get('ServerCatalog', 'catalog');
  expect(catalog?.statusMessage).toBe(
    `not asked, since UNHEALTHY: ${connectorId}; servers of such connectors are as they were seen last`,
  );

  await started.sms.send(new DisassociateConnectorCommand({ connectorId }));
  expect(await again()).toEqual(['web1']);
});

test('a connector that falls silent in the middle of a copy fails its run within 20 minutes, by name', async () => {
  const source = simulatedSource(started.source);
  const release = source.hold();
  agent = await startAgent(place, { source, folder: join(started.folder, 'one') });
  const servers = await importedServers(started.sms);
  const jobId = await replicate(started.sms, servers.get('db1')!, { frequency: 12 });
  await pass(MINUTE / 2);
  await copying(jobId);
  release();
  await agent.stop();
  expect(await status()).toBe('HEALTHY');
  await pass(3 * MINUTE);
  expect(await status()).toBe('UNHEALTHY');
  expect((await lastRun(started.sms, jobId))?.state).toBe('ACTIVE');
  await pass(17 * MINUTE);
  const id = agent.identity.connectorId;
  expect(await lastRun(started.sms, jobId)).toMatchObject({
    state: 'FAILED',
    statusMessage: expect.stringMatching(
      new RegExp(
        `no connector reported .* check that the connector runs .* connector ${id} of datacenter, last heard of`,
      ),
    ),
  });
  const { replicationJobList } = await started.sms.send(new GetReplicationJobsCommand({ replicationJobId: jobId }));
  expect(replicationJobList![0]!.state).toBe('ACTIVE');
});

test('transfers that wait for room are not given up while their connector is there', async () => {
  const source = simulatedSource(started.source);
  const release = source.hold();
  agent = await startAgent(place, { source, folder: join(started.folder, 'one'), copySlots: 1 });
  const servers = await importedServers(started.sms);
  const jobId = await replicate(started.sms, servers.get('db1')!);
  await pass(MINUTE / 2);
  // A poll of the test's beside the one that brings the transfer would not name it, and so take it away from the connector.
  await copying(jobId);
  // Half a minute at a time, in which the connector tells that it is there.
  for (let minute = 0; minute < 20; minute += 0.5) {
    await pass(MINUTE / 2);
    await agent.agent.poll(0);
  }
  expect((await lastRun(started.sms, jobId))?.state).toBe('ACTIVE');
  release();
  await until(
    async () => {
      await pass(1_000);
      return lastRun(started.sms, jobId);
    },
    (run) => run?.state === 'COMPLETED',
  );
});

test('an activation code that is older than a day is refused', async () => {
  const code = await activationCode(place);
  await pass(24 * 60 * MINUTE + 1);
  const { status: exit, stderr } = await rehost([
    ...['connector', '--activate', code, '--endpoint', place.url],
    ...['--source', `images:${started.source}`, '--data', join(started.folder, 'late')],
  ]);
  expect(exit).toBe(1);
  expect(stderr).toContain('the activation code has expired; `rehost connectors code` makes another');
});
