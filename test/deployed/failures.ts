import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateReplicationJobCommand,
  DeleteAppCommand,
  DeleteReplicationJobCommand,
  GetAppCommand,
  GetReplicationJobsCommand,
  GetServersCommand,
  ImportAppCatalogCommand,
  ImportServerCatalogCommand,
  LaunchAppCommand,
  ListAppsCommand,
  StartAppReplicationCommand,
  StopAppReplicationCommand,
  TerminateAppCommand,
} from '@aws-sdk/client-sms';
import { expect, test } from '@jest/globals';
import type { Measurement } from '../../lib/workflows/measure-service.ts';
import { createApp, putLaunch, putReplication, type TestApp } from '../support/app.ts';
import type { Started } from '../support/start.ts';
import { until } from '../support/start.ts';
import type { Deployment } from './deployment.ts';
import { ended, executionOf, machineArn, PATIENCE, statesOf, whileBroken } from './executions.ts';
import { requestMigration } from './migration-by-event.ts';

/** What becomes of things when a function fails: each workflow notes it, with the reason, and what was begun can be asked for again. */
export function failures(deployment: () => Deployment) {
  const deployed = () => deployment();
  const send: Deployment['sms']['send'] = ((command: never) => deployed().sms.send(command)) as never;
  const store = () => deployed().connector.services.store;
  const catalog = async () => (await store().get('ServerCatalog', 'catalog'))!;
  const broken = <T>(name: string, run: () => Promise<T>) => whileBroken(deployed(), name, run);
  const started = () => ({ sms: deployed().sms }) as Started;
  const until60 = <T>(ask: () => Promise<T>, wanted: (answer: T) => boolean) => until(ask, wanted, PATIENCE);
  const appNow = async (appId: string) => (await send(new GetAppCommand({ appId }))).appSummary!;
  const appBecomes = (appId: string, wanted: object) =>
    until60(
      () => appNow(appId),
      (summary) => Object.entries(wanted).every(([name, value]) => summary[name as 'status'] === value),
    );
  const serverId = async (name: string) => {
    const { serverList = [] } = await send(new GetServersCommand({}));
    return serverList.find(({ vmServer }) => vmServer!.vmName === name)!.serverId!;
  };
  const job = async (replicationJobId: string) =>
    (await send(new GetReplicationJobsCommand({ replicationJobId }))).replicationJobList![0]!;
  const createJob = async (more: object) =>
    (
      await send(
        new CreateReplicationJobCommand({ serverId: await serverId('web2'), seedReplicationTime: new Date(), ...more }),
      )
    ).replicationJobId!;

  test('of an import: the catalog is as it was; the next one drops what is gone', async () => {
    await broken('CollectServers', async () => {
      await send(new ImportServerCatalogCommand({}));
      await until60(catalog, ({ status, statusMessage }) => status === 'AVAILABLE' && statusMessage !== undefined);
    });
    rmSync(join(deployed().source, 'web1'), { recursive: true });
    await send(new ImportServerCatalogCommand({}));
    await until60(catalog, ({ status, statusMessage }) => status === 'AVAILABLE' && statusMessage === undefined);
    const { serverList = [] } = await send(new GetServersCommand({}));
    expect(serverList.map(({ vmServer }) => vmServer!.vmName).sort()).toEqual(['db1', 'web2']);
  }, 90_000);

  test('of an import of applications', async () => {
    const applications = { known: { serverGroups: { all: ['web2'] } } };
    await broken('ImportApps', async () => {
      await send(new ImportAppCatalogCommand({}));
      await until60(
        catalog,
        ({ appCatalogStatus, appCatalogMessage }) =>
          appCatalogStatus === 'NOT_IMPORTED' && appCatalogMessage !== undefined,
      );
    });
    writeFileSync(join(deployed().source, 'applications.yaml'), JSON.stringify(applications));
    await send(new ImportAppCatalogCommand({}));
    await until60(catalog, ({ appCatalogStatus }) => appCatalogStatus === 'AVAILABLE');
    rmSync(join(deployed().source, 'applications.yaml'));
    const { apps = [] } = await send(new ListAppsCommand({}));
    for (const { appId } of apps) await send(new DeleteAppCommand({ appId }));
    for (const { appId } of apps) await appBecomes(appId!, { status: 'DELETED' });
  }, 90_000);

  test('of a run that was to be the only one: the job fails with the reason', async () => {
    const id = await broken('RegisterImage', async () => {
      const replicationJobId = await createJob({ runOnce: true });
      await until60(
        () => job(replicationJobId),
        ({ state }) => state === 'FAILED',
      );
      return replicationJobId;
    });
    expect((await job(id)).statusMessage).toMatch(/^ServerError: .*not allowed/);
    const again = await createJob({ runOnce: true });
    await until60(
      () => job(again),
      ({ state }) => state === 'COMPLETED',
    );
  }, 90_000);

  test('of the end of a job: it can be asked for again', async () => {
    const id = await createJob({ frequency: 12 });
    await until60(
      () => job(id),
      ({ latestAmiId }) => latestAmiId !== undefined,
    );
    await broken('CancelRuns', async () => {
      await send(new DeleteReplicationJobCommand({ replicationJobId: id }));
      await until60(
        () => job(id),
        ({ statusMessage }) => /not allowed/.test(statusMessage ?? ''),
      );
    });
    await send(new DeleteReplicationJobCommand({ replicationJobId: id }));
    await until60(
      () => job(id),
      ({ state }) => state === 'DELETED',
    );
  }, 90_000);

  test('of a replication, a launch, a validation, a termination, a deletion', async () => {
    const app = await createApp(started(), { name: 'fragile', groups: [[await serverId('web2')]] });
    const { appId } = app;
    await putReplication(started(), app, { frequency: 12 });
    await putLaunch(started(), app);
    await broken('CreateReplicationJobs', async () => {
      await send(new StartAppReplicationCommand({ appId }));
      await appBecomes(appId, { replicationStatus: 'REPLICATION_FAILED' });
    });
    await send(new StartAppReplicationCommand({ appId }));
    await appBecomes(appId, { replicationStatus: 'REPLICATED' });
    await broken('CreateStack', async () => {
      await send(new LaunchAppCommand({ appId }));
      expect(await appBecomes(appId, { launchStatus: 'LAUNCH_FAILED' })).toMatchObject({
        launchStatusMessage: expect.stringContaining('not allowed'),
      });
    });
    await launchAndGoBack(app);
  }, 90_000);

  async function launchAndGoBack({ appId }: TestApp) {
    await send(new LaunchAppCommand({ appId }));
    await appBecomes(appId, { launchStatus: 'LAUNCHED' });
    await broken('DeleteStack', async () => {
      await send(new TerminateAppCommand({ appId }));
      await appBecomes(appId, { launchStatus: 'TERMINATE_FAILED' });
    });
    await send(new TerminateAppCommand({ appId }));
    await appBecomes(appId, { launchStatus: 'TERMINATED' });
    await send(new StopAppReplicationCommand({ appId }));
    await appBecomes(appId, { replicationStatus: 'REPLICATION_STOPPED' });
    await broken('PrepareDeletion', async () => {
      await send(new DeleteAppCommand({ appId }));
      await appBecomes(appId, { status: 'DELETE_FAILED' });
    });
    await send(new DeleteAppCommand({ appId }));
    await appBecomes(appId, { status: 'DELETED' });
  }

  test('of nothing: the service is measured, jobs end at their time, the catalog expires at its', async () => {
    const { functions } = deployed();
    const measure = () => functions.get('MeasureService')!.invoke({}) as Promise<Measurement>;
    const id = await createJob({ frequency: 12 });
    const { migrations, oldestRunSeconds } = await until60(measure, ({ activeRuns }) => activeRuns === 1);
    expect(migrations).toMatchObject({ MIGRATED: 1 });
    expect(oldestRunSeconds).toBeLessThan(PATIENCE);
    await until60(
      () => job(id),
      ({ latestAmiId }) => latestAmiId !== undefined,
    );
    const { importNumber } = await catalog();
    await functions.get('ExpireCatalog')!.invoke({ importNumber });
    expect(await catalog()).toMatchObject({ status: 'EXPIRED' });
    await send(new ImportServerCatalogCommand({}));
    await until60(catalog, ({ status }) => status === 'AVAILABLE');
    await deployed().engine.call('StartExecution', {
      stateMachineArn: machineArn('replication-job-end'),
      input: JSON.stringify({ replicationJobId: id, cause: 'EXPIRED', endAt: new Date().toISOString() }),
    });
    await until60(
      () => job(id),
      ({ state }) => state === 'DELETED',
    );
  });

  test.each([
    ['STOP_REPLICATION', 'PutLaunchConfiguration', 'StopReplication', { replicationStatus: 'REPLICATION_STOPPED' }],
    ['TERMINATE_LAUNCH', 'RecordMigrated', 'TerminateLaunch', { launchStatus: 'TERMINATED' }],
  ])(
    'of a migration: its policy %s is followed',
    async (onFailure, name, state, wanted) => {
      const app = { name: onFailure.toLowerCase() };
      const execution = await broken(name, async () => {
        await requestMigration(deployed(), {
          app,
          serverGroups: [{ name: 'all', launchOrder: 1, servers: [{ name: 'web2' }] }],
          replication: onFailure === 'STOP_REPLICATION' ? { frequency: 12 } : { runOnce: true },
          launch: { instanceType: 't3.small' },
          onFailure,
        });
        const found = await executionOf(deployed(), 'app-migration', `${app.name}-migration-`);
        expect(await ended(deployed(), found)).toMatchObject({ status: 'FAILED', error: 'AccessDeniedException' });
        return found;
      });
      expect(await statesOf(deployed(), execution)).toContain(state);
      const { apps = [] } = await send(new ListAppsCommand({}));
      const { appId } = apps.find((one) => one.name === app.name)!;
      await appBecomes(appId!, wanted);
      await send(new DeleteAppCommand({ appId, forceStopAppReplication: true, forceTerminateApp: true }));
      await appBecomes(appId!, { status: 'DELETED' });
    },
    90_000,
  );
}
