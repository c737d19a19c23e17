import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SMSClient } from '@aws-sdk/client-sms';
import {
  CreateAppCommand,
  DeleteAppCommand,
  GenerateTemplateCommand,
  GetAppCommand,
  GetReplicationJobsCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
  LaunchAppCommand,
  ListAppsCommand,
  PutAppLaunchConfigurationCommand,
  PutAppReplicationConfigurationCommand,
  StartAppReplicationCommand,
  StopAppReplicationCommand,
  TerminateAppCommand,
} from '@aws-sdk/client-sms';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { S3Location } from '../../lib/domain/app-configuration.ts';
import type { DomainEvent } from '../../lib/domain/events.ts';
import type { Services } from '../../lib/ports.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { expectGapless, expectValid } from '../support/events.ts';
import { until as untilAfter } from '../support/start.ts';

/** A service that migrates db1, web1 and web2, wherever it keeps its things. */
export interface ServiceUnderTest {
  readonly sms: SMSClient;
  readonly services: Services;
  /** Folder of the servers' disks. */
  readonly source: string;
  /** All events that were published, in order. */
  events(): Promise<DomainEvent[]>;
  /** Stops the service, and removes what it made. */
  end(): Promise<void>;
}

/** The whole of a migration, driven by the public client alone, each step in at most so many seconds. The tests build on each other. */
export function migrationBySmsClient(start: () => Promise<ServiceUnderTest>, seconds = 15) {
  const until: typeof untilAfter = (ask, wanted) => untilAfter(ask, wanted, seconds);
  let started: ServiceUnderTest;
  let appId: string;
  const servers = new Map<string, string>();
  const send: SMSClient['send'] = ((command: never) => started.sms.send(command)) as never;
  const app = async () => (await send(new GetAppCommand({ appId }))).appSummary!;

  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.end());

  test('imports the catalog', async () => {
    expect(await send(new GetServersCommand({}))).toMatchObject({
      serverCatalogStatus: 'NOT_IMPORTED',
      serverList: [],
    });
    await send(new ImportServerCatalogCommand({}));
    const { serverList = [] } = await until(
      () => send(new GetServersCommand({})),
      ({ serverCatalogStatus }) => serverCatalogStatus === 'AVAILABLE',
    );
    expect(serverList.map(({ vmServer }) => vmServer!.vmName).sort()).toEqual(['db1', 'web1', 'web2']);
    for (const { serverId, vmServer } of serverList) servers.set(vmServer!.vmName!, serverId!);
  });

  test('creates and configures the application', async () => {
    const serverList = (...names: string[]) => names.map((name) => ({ serverId: servers.get(name)! }));
    const created = await send(
      new CreateAppCommand({
        name: 'shop',
        tags: [{ key: 'team', value: 'a' }],
        serverGroups: [
          { name: 'web', serverList: serverList('web1', 'web2') },
          { name: 'database', serverList: serverList('db1') },
        ],
      }),
    );
    appId = created.appSummary!.appId!;
    const groups = created.serverGroups!;
    await send(
      new PutAppReplicationConfigurationCommand({
        appId,
        serverGroupReplicationConfigurations: groups.map(({ serverGroupId, serverList: list }) => ({
          serverGroupId,
          serverReplicationConfigurations: list!.map((server) => ({
            server,
            serverReplicationParameters: { frequency: 12 },
          })),
        })),
      }),
    );
    await send(
      new PutAppLaunchConfigurationCommand({
        appId,
        serverGroupLaunchConfigurations: groups.map(({ serverGroupId, name, serverList: list }) => ({
          serverGroupId,
          launchOrder: name === 'database' ? 1 : 2,
          serverLaunchConfigurations: list!.map((server) => ({
            server,
            logicalId: server.vmServer!.vmName!,
            instanceType: 't3.small',
          })),
        })),
      }),
    );
    expect(await app()).toMatchObject({
      replicationStatus: 'READY_FOR_REPLICATION',
      launchStatus: 'READY_FOR_LAUNCH',
      totalServers: 3,
    });
  });

  test('refuses to launch before anything is replicated', async () => {
    await expect(send(new LaunchAppCommand({ appId }))).rejects.toMatchObject({
      name: 'OperationNotPermittedException',
      message: expect.stringContaining('start it with StartAppReplication'),
    });
  });

  test('replicates every disk byte by byte', async () => {
    await send(new StartAppReplicationCommand({ appId }));
    await until(app, ({ replicationStatus }) => replicationStatus === 'REPLICATED', 60);
    const { replicationJobList = [] } = await send(new GetReplicationJobsCommand({}));
    expect(replicationJobList).toHaveLength(3);
    for (const { replicationJobId, latestAmiId, vmServer } of replicationJobList) {
      const { replicationRunList = [] } = await send(new GetReplicationRunsCommand({ replicationJobId }));
      expect(replicationRunList.map(({ state }) => state)).toEqual(['PENDING', 'COMPLETED']);
      const image = await started.services.store.get('Image', latestAmiId!);
      const disk = readFileSync(join(started.source, vmServer!.vmName!, 'disk.img'));
      expect((await bytesOf(started, image!.disks[0]!.snapshotId)).subarray(0, disk.length).equals(disk)).toBe(true);
    }
  });

  test('generates the template in JSON and YAML, with the tiers in order', async () => {
    for (const templateFormat of ['JSON', 'YAML'] as const) {
      const { s3Location } = await send(new GenerateTemplateCommand({ appId, templateFormat }));
      expect(s3Location!.bucket).toMatch(/^sms-app-/);
      const body = await started.services.objects.get(s3Location as S3Location);
      const { Resources } = parse(body!) as {
        Resources: Record<string, { DependsOn?: string[]; Properties: { ImageId: string; Tags: unknown } }>;
      };
      expect(Object.keys(Resources)).toEqual(['db1', 'web1', 'web2', 'ApplicationGroup']);
      expect(Resources.web2!.DependsOn).toEqual(['db1']);
      expect(Resources.db1!.Properties.ImageId).toMatch(/^ami-[0-9a-f]{17}$/);
      expect(Resources.db1!.Properties.Tags).toEqual([
        { Key: 'Name', Value: 'db1' },
        { Key: 'team', Value: 'a' },
      ]);
    }
  });

  test('launches the stack', async () => {
    await send(new LaunchAppCommand({ appId }));
    const { launchDetails } = await until(app, ({ launchStatus }) => launchStatus === 'LAUNCHED');
    expect(launchDetails!.stackName).toBe(`sms-${appId}`);
    const stack = await started.services.stacks.describe(launchDetails!.stackName!);
    expect(stack!.status).toBe('CREATE_COMPLETE');
    // moto knows no logical id of the resource group.
    const instances = stack!.resources.filter(({ type }) => type === 'AWS::EC2::Instance');
    expect(instances.map(({ logicalId }) => logicalId)).toEqual(['db1', 'web1', 'web2']);
  });

  test('refuses to delete an application that is replicated and launched', async () => {
    await expect(send(new DeleteAppCommand({ appId }))).rejects.toMatchObject({
      name: 'OperationNotPermittedException',
    });
  });

  test('terminates, stops and deletes, and leaves the servers free and the images there', async () => {
    await send(new TerminateAppCommand({ appId }));
    await until(app, ({ launchStatus }) => launchStatus === 'TERMINATED');
    expect(await started.services.stacks.describe(`sms-${appId}`)).toBeUndefined();
    await send(new StopAppReplicationCommand({ appId }));
    await until(app, ({ replicationStatus }) => replicationStatus === 'REPLICATION_STOPPED');
    await send(new DeleteAppCommand({ appId }));
    await until(app, ({ status }) => status === 'DELETED');
    expect((await send(new ListAppsCommand({}))).apps).toEqual([]);
    const server = await started.services.store.get('Server', servers.get('db1')!);
    expect(server).not.toHaveProperty('appId');
    const { replicationJobList = [] } = await send(new GetReplicationJobsCommand({}));
    expect(replicationJobList.map(({ state }) => state)).toEqual(['DELETED', 'DELETED', 'DELETED']);
    for (const { latestAmiId } of replicationJobList)
      expect(await started.services.images.exists(latestAmiId!)).toBe(true);
    expect(await started.services.store.get('Usage', 'account')).toMatchObject({
      replicatingServers: 0,
      replicatingApps: 0,
    });
  });

  test('published every event of every entity, in sequence without gaps', async () => {
    const published = await started.events();
    // At least once: repeats have the same id.
    const events = published.filter(({ id }, index) => published.findIndex((one) => one.id === id) === index);
    expectGapless(events);
    expectValid(events);
  });
}

/** The bytes of a snapshot, as far as it holds any. */
async function bytesOf({ services: { snapshots } }: ServiceUnderTest, snapshotId: string): Promise<Buffer> {
  const bytes = Buffer.alloc(16 * BLOCK_SIZE);
  for await (const { index, token } of snapshots.list(snapshotId)) {
    (await snapshots.read(snapshotId, index, token)).data.copy(bytes, index * BLOCK_SIZE);
  }
  return bytes;
}
