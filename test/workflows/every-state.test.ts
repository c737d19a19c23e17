import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateReplicationJobCommand,
  DeleteAppCommand,
  DeleteAppReplicationConfigurationCommand,
  DeleteReplicationJobCommand,
  DeleteServerCatalogCommand,
  DisassociateConnectorCommand,
  GetConnectorsCommand,
  GetReplicationJobsCommand,
  GetReplicationRunsCommand,
  ImportAppCatalogCommand,
  ImportServerCatalogCommand,
  LaunchAppCommand,
  NotifyAppValidationOutputCommand,
  PutAppValidationConfigurationCommand,
  StartAppReplicationCommand,
  StartOnDemandAppReplicationCommand,
  StopAppReplicationCommand,
  TerminateAppCommand,
  UpdateAppCommand,
  UpdateReplicationJobCommand,
} from '@aws-sdk/client-sms';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { MACHINES, type MachineName } from '../../lib/domain/states.ts';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import type { Services } from '../../lib/ports.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { createApp, importCatalog, putLaunch, putReplication, replicatedApp } from '../support/app.ts';
import { type Started, start } from '../support/start.ts';

/**
 * Drives the service into every state of every state machine, by what clients, sources and time do, and by ports that fail. What was reached is read from
 * the events; the last test says which states nothing reached.
 */
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const reached = new Map<string, Set<string>>();
let clock: VirtualClock;
let started: Started;
let servers: Map<string, string>;
/** What is wrong with the ports at the moment. */
let faults: { forget?: boolean; inventory?: boolean; deleteStack?: boolean; hold?: () => Promise<void> };

const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms = 60 * SECOND) => clock.advance(ms, () => started.rehost.idle());
const id = (name: string) => servers.get(name)!;
const disk = (name: string) => join(started.source, name, 'disk.img');
const broken = (what: string) => Promise.reject(new Error(`${what} is broken`));

/** The ports of this machine, but for their faults. */
const faulty = ({ connectors, stacks, snapshots }: Services): Partial<Services> => ({
  connectors: {
    ...connectors,
    forgetJob: (jobId) => (faults.forget ? broken('the baseline') : connectors.forgetJob(jobId)),
    inventory: (connectorId) => {
      if (faults.inventory) throw new Error('the inventory is broken');
      return connectors.inventory(connectorId);
    },
  },
  stacks: proxied(stacks, {
    delete: (name: string) => (faults.deleteStack ? broken('the stack') : stacks.delete(name)),
  }),
  snapshots: proxied(snapshots, {
    put: async (...block: Parameters<Services['snapshots']['put']>) => {
      await faults.hold?.();
      return snapshots.put(...block);
    },
  }),
});
const proxied = <T extends object>(port: T, methods: Partial<Record<keyof T, unknown>>): T =>
  new Proxy(port, {
    get(target, name) {
      const own = methods[name as keyof T];
      const method = own ?? target[name as keyof T];
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });

beforeEach(async () => {
  faults = {};
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: ['db1', 'web1'], ports: faulty });
  servers = await importCatalog(started, pass);
});
afterEach(async () => {
  const events = await (started.rehost.services.store as SqliteStore).read(0, 10_000);
  for (const { event } of events) {
    if (event.source !== 'rehost') continue;
    const states = reached.get(event.detailType) ?? new Set();
    for (const state of [event.detail.from, event.detail.to]) if (state) states.add(state as string);
    reached.set(event.detailType, states);
  }
  await started.end();
});

const createJob = async (more: object = { frequency: 1 }) =>
  (
    await send(
      new CreateReplicationJobCommand({ serverId: id('db1'), seedReplicationTime: new Date(clock.now()), ...more }),
    )
  ).replicationJobId!;
const job = async (replicationJobId: string) =>
  (await send(new GetReplicationJobsCommand({ replicationJobId }))).replicationJobList![0]!;
const runs = async (replicationJobId: string) =>
  ((await send(new GetReplicationRunsCommand({ replicationJobId }))).replicationRunList ?? []).map(
    ({ state }) => state,
  );
const bothTiers = () => [[id('db1')], [id('web1')]];

test('catalog and connector: failed, expired, deleted, disassociated', async () => {
  faults.inventory = true;
  await send(new ImportServerCatalogCommand({}));
  await pass();
  faults.inventory = false;
  await send(new ImportServerCatalogCommand({}));
  await pass();
  await send(new ImportAppCatalogCommand({}));
  await pass(91 * DAY);
  await send(new DeleteServerCatalogCommand({}));
  const { connectorList } = await send(new GetConnectorsCommand({}));
  await send(new DisassociateConnectorCommand({ connectorId: connectorList![0]!.connectorId }));
  expect(await started.rehost.services.store.get('ServerCatalog', 'catalog')).toMatchObject({ status: 'DELETED' });
});

test('catalog: not imported again when the first import fails; applications likewise', async () => {
  writeFileSync(join(started.source, 'applications.yaml'), 'no list');
  await send(new ImportAppCatalogCommand({}));
  await pass();
  await send(new DeleteServerCatalogCommand({}));
  faults.inventory = true;
  await send(new ImportServerCatalogCommand({}));
  await pass();
  expect(await started.rehost.services.store.get('ServerCatalog', 'catalog')).toMatchObject({
    status: 'NOT_IMPORTED',
    appCatalogStatus: 'NOT_IMPORTED',
    statusMessage: expect.stringContaining('the inventory is broken'),
  });
});

test('a connector whose source is gone is unhealthy, and its runs fail by name', async () => {
  const replicationJobId = await createJob();
  await pass();
  const { folder } = started;
  await started.rehost.stop();
  started = { ...(await start({ clock, auth: 'none', folder, sources: [], servers: ['db1', 'web1'] })), folder };
  await pass(HOUR);
  expect((await send(new GetConnectorsCommand({}))).connectorList).toMatchObject([{ status: 'UNHEALTHY' }]);
  await pass(HOUR / 2);
  expect((await job(replicationJobId)).statusMessage).toContain('no connector reported');
  await pass(HOUR / 2 + 10 * SECOND);
  await send(new DeleteReplicationJobCommand({ replicationJobId }));
  await pass();
  expect((await runs(replicationJobId)).slice(0, 2)).toEqual(['DELETED', 'DELETED']);
});

test('a job: missed, paused, resumed, and kept to its retention', async () => {
  const replicationJobId = await createJob({ frequency: 1, numberOfRecentAmisToKeep: 1 });
  await pass();
  let release = () => {};
  const begun = new Promise<void>((resolve) => {
    const held = new Promise<void>((letGo) => {
      release = letGo;
    });
    faults.hold = () => {
      resolve();
      return held;
    };
  });
  appendFileSync(disk('db1'), Buffer.alloc(5_000_000, 'x'));
  await clock.advance(HOUR, turns);
  await begun;
  await clock.advance(HOUR, turns);
  expect((await runs(replicationJobId)).slice(0, 3)).toEqual(['PENDING', 'MISSED', 'ACTIVE']);
  faults = {};
  release();
  await pass();
  await pass(HOUR);
  // The run that hung may have been too late for its snapshot: that is a failure by name, of which the next run knows nothing.
  expect((await runs(replicationJobId)).slice(0, 3)).toEqual(['PENDING', 'COMPLETED', 'MISSED']);
  renameSync(disk('db1'), `${disk('db1')}.off`);
  await pass(3 * HOUR);
  expect((await job(replicationJobId)).state).toBe('PAUSED_ON_FAILURE');
  renameSync(`${disk('db1')}.off`, disk('db1'));
  await send(
    new UpdateReplicationJobCommand({ replicationJobId, nextReplicationRunStartTime: new Date(clock.now() + HOUR) }),
  );
  await pass(2 * HOUR);
  faults.forget = true;
  await send(new DeleteReplicationJobCommand({ replicationJobId }));
  await pass(600 * SECOND);
  expect(await job(replicationJobId)).toMatchObject({
    state: 'DELETING',
    statusMessage: expect.stringContaining('the baseline is broken'),
  });
  faults.forget = false;
  await send(new DeleteReplicationJobCommand({ replicationJobId }));
  await pass();
  expect((await job(replicationJobId)).state).toBe('DELETED');
});

/** The service while a copy hangs: nothing ever is idle. */
const turns = async () => {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('a job that runs once: completed, failed', async () => {
  const first = await createJob({ runOnce: true });
  await pass();
  rmSync(disk('db1'));
  const second = await createJob({ runOnce: true });
  await pass();
  expect([(await job(first)).state, (await job(second)).state]).toEqual(['COMPLETED', 'FAILED']);
});

test('an application: invalid configurations, partly replicated, partly launched, stopped, deleted', async () => {
  const app = await createApp(started, { groups: bothTiers() });
  const { appId } = app;
  await putReplication(started, app, {});
  expect(await app.summary()).toMatchObject({
    replicationStatus: 'CONFIGURATION_INVALID',
    replicationStatusMessage: expect.stringContaining('no frequency'),
  });
  await expect(send(new StartAppReplicationCommand({ appId }))).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
  });
  await send(new DeleteAppReplicationConfigurationCommand({ appId }));
  await putReplication(started, app, { frequency: 1 });
  await putLaunch(started, app, {
    configureScript: { bucket: 'sms-app-x', key: 'none' },
    configureScriptType: 'SHELL_SCRIPT',
  });
  expect(await app.summary()).toMatchObject({
    launchStatus: 'CONFIGURATION_INVALID',
    launchStatusMessage: expect.stringContaining('there is no object sms-app-x/none'),
  });
  await putLaunch(started, app);
  await send(new UpdateAppCommand({ appId, description: 'of two tiers' }));
  renameSync(disk('web1'), `${disk('web1')}.off`);
  await send(new StartAppReplicationCommand({ appId }));
  await pass();
  expect((await app.summary()).replicationStatus).toBe('PARTIALLY_REPLICATED');
  await send(new LaunchAppCommand({ appId }));
  await pass();
  expect(await app.summary()).toMatchObject({ launchStatus: 'PARTIALLY_LAUNCHED' });
  renameSync(`${disk('web1')}.off`, disk('web1'));
  await pass(2 * HOUR);
  expect((await app.summary()).replicationStatus).toBe('DELTA_REPLICATED');
  await send(new StopAppReplicationCommand({ appId }));
  await pass();
  await send(new TerminateAppCommand({ appId }));
  await pass();
  await send(new DeleteAppCommand({ appId }));
  await pass();
  expect((await app.summary()).status).toBe('DELETED');
});

test('an application: replication fails, first and later', async () => {
  rmSync(disk('db1'));
  const app = await replicatedApp(started, pass, { groups: [[id('db1')]], replication: { frequency: 24 } });
  expect((await app.summary()).replicationStatus).toBe('REPLICATION_FAILED');
  mkdirSync(join(started.source, 'db1'), { recursive: true });
  writeFileSync(disk('db1'), Buffer.alloc(1_000_000, 'again'));
  await pass(24 * HOUR);
  expect((await app.summary()).replicationStatus).toBe('REPLICATED');
  rmSync(disk('db1'));
  await send(new StartOnDemandAppReplicationCommand({ appId: app.appId }));
  await pass();
  expect((await app.summary()).replicationStatus).toBe('DELTA_REPLICATION_FAILED');
});

test('an application: stop, deletion, termination and launches fail, and are asked for again', async () => {
  const app = await replicatedApp(started, pass, { groups: [[id('db1')]], replication: { frequency: 24 } });
  const { appId } = app;
  const deregister = async () => {
    const { replicationJobList = [] } = await send(new GetReplicationJobsCommand({}));
    for (const { latestAmiId } of replicationJobList)
      await started.rehost.services.images.deregister(latestAmiId!, { keepSnapshotIds: [] });
  };
  await send(new LaunchAppCommand({ appId }));
  await pass();
  await deregister();
  await putLaunch(started, app, { instanceType: 'm5.large' });
  await send(new LaunchAppCommand({ appId }));
  await pass();
  expect(await app.summary()).toMatchObject({
    launchStatus: 'DELTA_LAUNCH_FAILED',
    launchStatusMessage: expect.stringContaining('replicate the server again'),
  });
  faults = { deleteStack: true, forget: true };
  await send(new TerminateAppCommand({ appId }));
  await pass();
  expect((await app.summary()).launchStatus).toBe('TERMINATE_FAILED');
  await send(new StopAppReplicationCommand({ appId }));
  await pass(600 * SECOND);
  expect(await app.summary()).toMatchObject({
    replicationStatus: 'REPLICATION_STOP_FAILED',
    replicationStatusMessage: expect.stringContaining('could not be deleted'),
  });
  await send(new DeleteAppCommand({ appId, forceStopAppReplication: true, forceTerminateApp: true }));
  await pass();
  expect(await app.summary()).toMatchObject({ status: 'DELETE_FAILED' });
  faults = {};
  await send(new StopAppReplicationCommand({ appId }));
  await pass();
  await send(new TerminateAppCommand({ appId }));
  await pass();
  await send(new LaunchAppCommand({ appId }));
  await pass();
  expect((await app.summary()).launchStatus).toBe('LAUNCH_FAILED');
  await send(new DeleteAppCommand({ appId }));
  await pass();
  expect((await app.summary()).status).toBe('DELETED');
});

test('validations: succeeded, failed', async () => {
  const app = await replicatedApp(started, pass, { groups: bothTiers(), replication: { frequency: 24 } });
  const { appId, groups } = app;
  await started.rehost.services.objects.put({ bucket: 'sms-app-x', key: 'check' }, 'true');
  await send(
    new PutAppValidationConfigurationCommand({
      appId,
      serverGroupValidationConfigurations: groups.map(({ serverGroupId, serverIds }) => ({
        serverGroupId,
        serverValidationConfigurations: serverIds.map((serverId) => ({
          server: { serverId },
          name: 'boot',
          userDataValidationParameters: {
            source: { s3Location: { bucket: 'sms-app-x', key: 'check' } },
            scriptType: 'SHELL_SCRIPT' as const,
          },
        })),
      })),
    }),
  );
  await send(new LaunchAppCommand({ appId }));
  await pass();
  const { items } = await started.rehost.services.store.query('Validation', { index: 'byApp', partition: appId });
  const [first, second] = items;
  await send(
    new NotifyAppValidationOutputCommand({
      appId,
      notificationContext: { validationId: first!.id, status: 'SUCCEEDED' },
    }),
  );
  await pass(2 * HOUR);
  expect(await started.rehost.services.store.get('Validation', second!.id)).toMatchObject({ status: 'FAILED' });
});

test('every state of every machine was reached', () => {
  // The steps of a migration have a test of their own, in app-migration.test.ts.
  const machines = Object.keys(MACHINES).filter((name) => name !== 'Migration') as MachineName[];
  const missing = machines.flatMap((name) =>
    Object.keys(MACHINES[name])
      .filter((state) => !reached.get(`${name} State Change`)?.has(state))
      .map((state) => `${name}: ${state}`),
  );
  expect(missing).toEqual([]);
});

afterAll(() => reached.clear());
