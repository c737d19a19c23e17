import { join } from 'node:path';
import {
  GetConnectorsCommand,
  StartAppReplicationCommand,
  StartOnDemandAppReplicationCommand,
  UpdateAppCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ReplicationRun } from '../../lib/domain/entities.ts';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { type Behaviour, type SimulatedSource, simulatedSource } from '../simulators/source.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { createApp, putReplication, type TestApp } from '../support/app.ts';
import { importedServers, type Place } from '../support/connectors.ts';
import { type Started, start, until, writeDisk } from '../support/start.ts';

/** A few seconds are enough; a machine with other work takes longer. */
jest.setTimeout(60_000);

/** Applications whose servers are frozen together, by a source that behaves as the test wants. */
let started: Started;
let place: Place;
let agent: TestAgent | undefined;
let source: SimulatedSource;

beforeEach(async () => {
  started = await start({ sources: [] });
  place = { url: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey };
});
afterEach(async () => {
  await agent?.stop();
  await started.end();
});

const eventsOf = async (type: string) =>
  (await (started.rehost.services.store as SqliteStore).read(0, 10_000))
    .map(({ event }) => event)
    .filter(({ detailType }) => detailType === `${type} State Change`);

/** An application of three servers in two groups, replicated with a connector of that behaviour. */
async function replicated(behaviour: Behaviour, tags: Record<string, string> = {}): Promise<TestApp> {
  source = simulatedSource(started.source, behaviour);
  agent = await startAgent(place, { source, folder: join(started.folder, 'one'), copySlots: 1 });
  const ids = await importedServers(started.sms);
  const id = (name: string) => ids.get(name)!;
  const app = await createApp(started, {
    groups: [[id('db1')], [id('web1'), id('web2')]],
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  await putReplication(started, app, { frequency: 24 });
  await started.sms.send(new StartAppReplicationCommand({ appId: app.appId }));
  await rested(app);
  return app;
}

const rested = (app: TestApp) =>
  until(
    () => app.summary(),
    ({ replicationStatus }) => !/PENDING|PROGRESS/.test(replicationStatus!),
  );

/** The last run of each server, by its name. */
async function runs(app: TestApp): Promise<Record<string, ReplicationRun>> {
  const { store } = started.rehost.services;
  const { replicationJobIds } = (await store.get('App', app.appId))!;
  const found: Record<string, ReplicationRun> = {};
  for (const jobId of Object.values(replicationJobIds)) {
    const job = (await store.get('ReplicationJob', jobId))!;
    const { items } = await store.query('ReplicationRun', { index: 'byJob', partition: jobId, reverse: true });
    found[job.vmServer.vmName] = items.find(({ state }) => state !== 'PENDING')!;
  }
  return found;
}

test('the servers of an application are frozen by one call; the skew is on the runs and in their events', async () => {
  const app = await replicated({ batch: true, skew: 1_500 });
  expect(source.frozen.map((servers) => [...servers].sort())).toEqual([['db1', 'web1', 'web2']]);
  for (const run of Object.values(await runs(app))) {
    expect(run).toMatchObject({ state: 'COMPLETED', frozenAt: expect.any(Number), group: { servers: 3 } });
    expect(run.group!.last - run.group!.first).toBeGreaterThanOrEqual(3_000);
    expect(run.statusMessage).toMatch(/^Completed. 3 servers were frozen within 3(\.\d+)? s$/);
  }
  const completed = (await eventsOf('Replication Run')).filter(({ detail }) => detail.to === 'COMPLETED');
  expect(completed.map(({ detail }) => [detail.groupServers, Number(detail.groupSkewMilliseconds) >= 3_000])).toEqual(
    Array(3).fill([3, true]),
  );
  const { connectorList } = await started.sms.send(new GetConnectorsCommand({}));
  expect(connectorList![0]!.capabilityList).toEqual(['VSPHERE', 'SNAPSHOT_BATCHING']);
  // The runs on demand are a group, too.
  await started.sms.send(new StartOnDemandAppReplicationCommand({ appId: app.appId }));
  await until(
    async () => source.frozen.length,
    (calls) => calls === 2,
  );
  await rested(app);
  expect([...source.frozen[1]!].sort()).toEqual(['db1', 'web1', 'web2']);
});

test('one that cannot be frozen fails by name, and the others are told without whom they are', async () => {
  const app = await replicated({ failing: ['web1'] });
  const { db1, web1, web2 } = await runs(app);
  expect(web1).toMatchObject({
    state: 'FAILED',
    statusMessage: expect.stringContaining('server web1 cannot be frozen, on purpose'),
  });
  for (const run of [db1, web2])
    expect(run).toMatchObject({ state: 'COMPLETED', group: { servers: 2, missing: ['web1'] } });
  expect(db1!.statusMessage).toContain('without web1');
  expect(await app.summary()).toMatchObject({ replicationStatus: 'PARTIALLY_REPLICATED' });
});

test('a strict group fails whole when one member cannot be frozen, and each run names the one', async () => {
  const app = await replicated({ failing: ['web1'] }, { 'rehost:max-skew-seconds': '10' });
  for (const run of Object.values(await runs(app)))
    expect(run).toMatchObject({
      state: 'FAILED',
      statusMessage: expect.stringContaining('server web1 cannot be frozen'),
    });
  expect((await eventsOf('Image')).length).toBe(0);
});

test('a strict group fails when its servers are frozen too far apart', async () => {
  const app = await replicated({ skew: 4_000 }, { 'rehost:max-skew-seconds': '5' });
  for (const run of Object.values(await runs(app)))
    expect(run).toMatchObject({
      state: 'FAILED',
      statusMessage: expect.stringMatching(/were frozen 8(\.\d+)? s apart, and 5 s are allowed/),
    });
});

/** Servers of a second manager, in a folder beside, with a connector of its own. */
async function besideIt(): Promise<TestAgent> {
  const beside = join(started.folder, 'beside');
  writeDisk(beside, 'db9');
  return startAgent(place, { source: simulatedSource(beside), folder: join(started.folder, 'two') });
}

async function ofTwoManagers(tags: Record<string, string> = {}): Promise<TestApp> {
  agent = await startAgent(place, { source: simulatedSource(started.source), folder: join(started.folder, 'one') });
  const ids = await importedServers(started.sms);
  const app = await createApp(started, {
    groups: [[ids.get('db9')!], [ids.get('web1')!, ids.get('web2')!]],
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  await putReplication(started, app, { frequency: 24 });
  await started.sms.send(new StartAppReplicationCommand({ appId: app.appId }));
  await rested(app);
  return app;
}

test('servers of two managers are frozen by each of their connectors; the runs say apart from whom', async () => {
  const other = await besideIt();
  const { db9, web1, web2 } = await runs(await ofTwoManagers());
  expect(db9).toMatchObject({ state: 'COMPLETED', statusMessage: 'Completed' });
  for (const run of [web1, web2])
    expect(run).toMatchObject({
      state: 'COMPLETED',
      group: { servers: 2, elsewhere: ['db9'] },
      statusMessage: expect.stringMatching(/^Completed. 2 servers were frozen .*, apart from db9 of another manager$/),
    });
  const completed = (await eventsOf('Replication Run')).filter(({ detail }) => detail.to === 'COMPLETED');
  expect(completed.flatMap(({ detail }) => detail.groupElsewhere ?? [])).toEqual(['db9', 'db9']);
  await other.stop();
});

test('servers of two managers cannot be frozen all or none: neither begun so, nor gone on with', async () => {
  const other = await besideIt();
  const strict = await ofTwoManagers({ 'rehost:max-skew-seconds': '5' });
  const message =
    /frozen all or none .* of 2 managers, (beside and datacenter|datacenter and beside), .*make an application for each/;
  expect(await strict.summary()).toMatchObject({
    replicationStatus: 'REPLICATION_FAILED',
    replicationStatusMessage: expect.stringMatching(message),
  });
  expect(await eventsOf('Transfer')).toEqual([]);

  await started.sms.send(new UpdateAppCommand({ appId: strict.appId, tags: [] }));
  await started.sms.send(new StartAppReplicationCommand({ appId: strict.appId }));
  await rested(strict);
  const tags = [{ key: 'rehost:max-skew-seconds', value: '5' }];
  await started.sms.send(new UpdateAppCommand({ appId: strict.appId, tags }));
  await started.sms.send(new StartOnDemandAppReplicationCommand({ appId: strict.appId }));
  const later = await until(
    () => runs(strict),
    (all) => Object.values(all).every(({ type, state }) => type === 'ON_DEMAND' && state === 'FAILED'),
  );
  for (const run of Object.values(later)) expect(run.statusMessage).toMatch(message);
  await other.stop();
});

test('a tag that says no number fails the runs by name', async () => {
  const app = await replicated({}, { 'rehost:max-skew-seconds': 'soon' });
  for (const run of Object.values(await runs(app)))
    expect(run).toMatchObject({ state: 'FAILED', statusMessage: expect.stringContaining('is "soon"; give seconds') });
});
