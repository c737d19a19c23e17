import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATION_SHAPES } from '../../../lib/api/sms/shapes.ts';
import { fastClock } from '../../simulators/fast-clock.ts';
import { type Started, start, until } from '../../support/start.ts';

export type Members = Record<string, unknown>;
/** Calls an operation by its name; fails when the service refuses it. */
type Call = (operation: string, input?: object) => Promise<Members>;
export interface Client {
  readonly call: Call;
  end(): void;
}

/** What a client finds the service's key by. */
export const environment = ({ rehost: { accessKey } }: Started) => ({
  AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
  AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
});

/** A client that takes a job and an application through their lives; skipped with the reason where there is none. */
export function everyOperation(name: string, open: (started: Started) => Promise<Client>, missing?: string) {
  if (missing) test.skip(`${name}: skipped, since ${missing} (apt-get install python3-boto3 awscli)`, () => {});
  else describe(name, () => checks(open));
}

function checks(open: (started: Started) => Promise<Client>) {
  let started: Started;
  let client: Client;
  const called = new Set<string>();
  const call: Call = (operation, input) => {
    called.add(operation);
    return client.call(operation, input);
  };

  beforeAll(async () => {
    started = await start({ clock: fastClock(10) });
    client = await open(started);
    await started.rehost.services.objects.put({ bucket: 'sms-app-x', key: 'check' }, '#!/bin/sh\n');
  });
  afterAll(async () => {
    client?.end();
    await started?.end();
  });

  test('every operation does its work', async () => {
    await lifecycle(call);
    expect([...called].sort()).toEqual(Object.keys(OPERATION_SHAPES).sort());
  }, 60_000);
}

/** A job and an application from their beginning to their end, by every operation. */
async function lifecycle(call: Call) {
  await call('ImportServerCatalog');
  const { serverList } = await until(
    () => call('GetServers'),
    ({ serverCatalogStatus }) => serverCatalogStatus === 'AVAILABLE',
  );
  const [one, two] = (serverList as { serverId: string }[]).map(({ serverId }) => serverId);
  await call('ImportAppCatalog', { roleName: 'sms' });
  await oneJob(call, one!);
  await oneApp(call, two!);
  await call('DeleteServerCatalog');
  const { connectorList } = await call('GetConnectors', { maxResults: 1 });
  await call('DisassociateConnector', { connectorId: (connectorList as { connectorId: string }[])[0]!.connectorId });
}

async function oneJob(call: Call, serverId: string) {
  const { replicationJobId } = await call('CreateReplicationJob', {
    serverId,
    seedReplicationTime: new Date(),
    frequency: 12,
  } as object);
  const job = async () =>
    ((await call('GetReplicationJobs', { replicationJobId })).replicationJobList as Members[])[0] as Members;
  await until(job, ({ latestAmiId }) => latestAmiId !== undefined);
  await until(
    () => call('GetReplicationRuns', { replicationJobId }),
    ({ replicationRunList: runs }) => (runs as Members[]).every(({ state }) => state !== 'ACTIVE'),
  );
  await call('UpdateReplicationJob', { replicationJobId, frequency: 24 });
  const { replicationRunId } = await call('StartOnDemandReplicationRun', { replicationJobId, description: 'now' });
  expect(replicationRunId).toMatch(/^sms-run-/);
  await call('DeleteReplicationJob', { replicationJobId });
  await until(job, ({ state }) => state === 'DELETED');
}

async function oneApp(call: Call, serverId: string) {
  const { appSummary, serverGroups } = await call('CreateApp', {
    name: 'shop',
    serverGroups: [{ name: 'web', serverList: [{ serverId }] }],
    tags: [{ key: 'team', value: 'a' }],
  });
  const { appId } = appSummary as { appId: string };
  const [{ serverGroupId }] = serverGroups as [{ serverGroupId: string }];
  const app = async () => (await call('GetApp', { appId })).appSummary as Members;
  await call('UpdateApp', { appId, description: 'sells' });
  expect(((await call('ListApps', { appIds: [appId] })).apps as Members[])[0]!.description).toBe('sells');
  await configure(call, { appId, serverGroupId, serverId });

  await call('StartAppReplication', { appId });
  await until(app, ({ replicationStatus }) => replicationStatus === 'REPLICATED');
  await call('StartOnDemandAppReplication', { appId, description: 'again' });
  await until(app, ({ replicationStatus }) => replicationStatus === 'DELTA_REPLICATED');
  expect((await call('GenerateTemplate', { appId, templateFormat: 'YAML' })).s3Location).toBeDefined();
  await call('LaunchApp', { appId });
  await until(app, ({ launchStatus }) => launchStatus === 'LAUNCHED');
  expect((await call('GenerateChangeSet', { appId, changesetFormat: 'JSON' })).s3Location).toBeDefined();
  await notify(call, appId);

  await call('TerminateApp', { appId });
  await until(app, ({ launchStatus }) => launchStatus === 'TERMINATED');
  await call('StopAppReplication', { appId });
  await until(app, ({ replicationStatus }) => replicationStatus === 'REPLICATION_STOPPED');
  for (const kind of ['Validation', 'Launch', 'Replication']) await call(`DeleteApp${kind}Configuration`, { appId });
  await call('DeleteApp', { appId, forceStopAppReplication: true, forceTerminateApp: true });
  await until(app, ({ status }) => status === 'DELETED');
}

async function configure(
  call: Call,
  { appId, serverGroupId, serverId }: Record<'appId' | 'serverGroupId' | 'serverId', string>,
) {
  const server = { serverId };
  await call('PutAppReplicationConfiguration', {
    appId,
    serverGroupReplicationConfigurations: [
      {
        serverGroupId,
        serverReplicationConfigurations: [{ server, serverReplicationParameters: { frequency: 12 } }],
      },
    ],
  });
  await call('PutAppLaunchConfiguration', {
    appId,
    roleName: 'sms-launch',
    serverGroupLaunchConfigurations: [
      { serverGroupId, launchOrder: 1, serverLaunchConfigurations: [{ server, logicalId: 'Web' }] },
    ],
  });
  const script = { source: { s3Location: { bucket: 'sms-app-x', key: 'check' } }, scriptType: 'SHELL_SCRIPT' };
  await call('PutAppValidationConfiguration', {
    appId,
    appValidationConfigurations: [
      {
        name: 'answers',
        ssmValidationParameters: {
          ...script,
          instanceId: 'i-01234567',
          command: './check',
          executionTimeoutSeconds: 60,
        },
      },
    ],
    serverGroupValidationConfigurations: [
      {
        serverGroupId,
        serverValidationConfigurations: [{ server, name: 'boots', userDataValidationParameters: script }],
      },
    ],
  });
  const stored = await call('GetAppReplicationConfiguration', { appId });
  expect(stored.serverGroupReplicationConfigurations).toHaveLength(1);
  expect((await call('GetAppLaunchConfiguration', { appId })).roleName).toBe('sms-launch');
  expect((await call('GetAppValidationConfiguration', { appId })).appValidationConfigurations).toHaveLength(1);
}

/** The server's validation succeeds; the other has no machine to run on, and says so. */
async function notify(call: Call, appId: string) {
  const outputs = async () => (await call('GetAppValidationOutput', { appId })).validationOutputList as Members[];
  const [, boots] = await until(outputs, (all) =>
    all.every(({ status }) => status === 'FAILED' || status === 'IN_PROGRESS'),
  );
  await call('NotifyAppValidationOutput', {
    appId,
    notificationContext: { validationId: boots!.validationId, status: 'SUCCEEDED', statusMessage: 'it boots' },
  });
  expect((await outputs()).map(({ status }) => status)).toEqual(['FAILED', 'SUCCEEDED']);
}
