import {
  CreateAppCommand,
  CreateReplicationJobCommand,
  DeleteReplicationJobCommand,
  GetAppCommand,
  GetReplicationJobsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
  ListAppsCommand,
  PutAppReplicationConfigurationCommand,
  SMSClient,
  StartAppReplicationCommand,
  StartOnDemandReplicationRunCommand,
  StopAppReplicationCommand,
  UpdateAppCommand,
} from '@aws-sdk/client-sms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { forgetfulProxy } from '../simulators/forgetful-proxy.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { type Started, start } from '../support/start.ts';

describe.each(['answer', 'answer-by-500'] as const)('a client whose first %s is lost', (lose) => {
  let clock: VirtualClock;
  let started: Started;
  let proxy: Awaited<ReturnType<typeof forgetfulProxy>>;
  let sms: SMSClient;
  const servers: string[] = [];
  const send: SMSClient['send'] = ((command: never) => sms.send(command)) as never;
  const pass = (ms = 60_000) => clock.advance(ms, () => started.rehost.idle());

  beforeAll(async () => {
    clock = new VirtualClock();
    started = await start({ clock, auth: 'none' });
    proxy = await forgetfulProxy(started.rehost.url, lose);
    const credentials = started.rehost.accessKey;
    sms = new SMSClient({
      endpoint: proxy.url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 3,
      retryMode: 'standard',
    });
    await send(new ImportServerCatalogCommand({}));
    await pass();
    const { serverList = [] } = await started.sms.send(new GetServersCommand({}));
    servers.push(...serverList.map(({ serverId }) => serverId!));
  });
  afterAll(async () => {
    sms.destroy();
    await proxy.close();
    await started.end();
  });

  test('gets one job by CreateReplicationJob, one run, one deletion', async () => {
    const { replicationJobId } = await send(
      new CreateReplicationJobCommand({
        serverId: servers[0],
        seedReplicationTime: new Date(clock.now()),
        frequency: 12,
      }),
    );
    await pass();
    const { replicationRunId } = await send(new StartOnDemandReplicationRunCommand({ replicationJobId }));
    await pass();
    const { replicationJobList = [] } = await send(new GetReplicationJobsCommand({}));
    expect(replicationJobList.map((job) => job.replicationJobId)).toEqual([replicationJobId]);
    const runs = replicationJobList[0]!.replicationRunList!.map(({ type, replicationRunId: id }) => [type, id]);
    expect(runs.filter(([type]) => type === 'ON_DEMAND')).toEqual([['ON_DEMAND', replicationRunId]]);
    await send(new DeleteReplicationJobCommand({ replicationJobId }));
  });

  test('gets one application by CreateApp, without a client token, and its updates and starts once', async () => {
    const serverGroups = [{ name: 'g', serverList: [{ serverId: servers[1] }] }];
    const created = await send(new CreateAppCommand({ name: 'shop', serverGroups }));
    const { appId } = created.appSummary!;
    expect((await send(new ListAppsCommand({}))).apps!.map((app) => app.appId)).toEqual([appId]);
    expect(await send(new UpdateAppCommand({ appId, name: 'store' }))).toMatchObject({ appSummary: { name: 'store' } });
    await send(
      new PutAppReplicationConfigurationCommand({
        appId,
        serverGroupReplicationConfigurations: [
          {
            serverGroupId: created.serverGroups![0]!.serverGroupId,
            serverReplicationConfigurations: [
              { server: { serverId: servers[1] }, serverReplicationParameters: { frequency: 12 } },
            ],
          },
        ],
      }),
    );
    await send(new StartAppReplicationCommand({ appId }));
    await pass();
    await send(new StopAppReplicationCommand({ appId }));
    await pass();
    expect((await send(new GetAppCommand({ appId }))).appSummary).toMatchObject({
      replicationStatus: 'REPLICATION_STOPPED',
    });
    const { replicationNumber } = (await started.rehost.services.store.get('App', appId!))!;
    expect(replicationNumber).toBe(2);
  });

  test('is refused as it should be: a refusal is no effect to be remembered', async () => {
    await expect(send(new StopAppReplicationCommand({ appId: 'app-none' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

test('what was remembered is forgotten once no client tries again', async () => {
  const clock = new VirtualClock();
  const started = await start({ clock, auth: 'none' });
  const headers = { 'amz-sdk-invocation-id': 'one', 'x-amz-target': 'AWSServerMigrationService_V2016_10_24.CreateApp' };
  const create = async (body = '{"name":"shop"}') => {
    const answer = await fetch(started.rehost.url, { method: 'POST', headers, body });
    return ((await answer.json()) as { appSummary: { appId: string } }).appSummary.appId;
  };
  try {
    const first = await create();
    expect(await create()).toBe(first);
    await clock.advance(16 * 60_000, () => started.rehost.idle());
    expect(await create()).not.toBe(first);
    await clock.advance(7 * 3_600_000, () => started.rehost.idle());
    expect(await started.rehost.services.store.get('Invocation', ':one')).toBeUndefined();
  } finally {
    await started.end();
  }
});
