import { join } from 'node:path';
import {
  CreateReplicationJobCommand,
  GetAppCommand,
  GetConnectorsCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ImportAppCatalogCommand,
  ImportServerCatalogCommand,
  ListAppsCommand,
} from '@aws-sdk/client-sms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSource } from '../../../lib/connector/open-source.ts';
import { rehost } from '../../support/process.ts';
import { type Started, start, until } from '../../support/start.ts';
import { missingVcsim, PASSWORD, startVcsim, type Vcsim } from '../../support/vcsim.ts';
import { noise } from './transfers.ts';

const describeHere = missingVcsim ? describe.skip : describe;
if (missingVcsim) test.skip(`a vCenter: ${missingVcsim}`, () => {});

const NAME = 'DC0_C0_RP0_VM0';
let vcsim: Vcsim;
let started: Started;
beforeAll(async () => {
  if (missingVcsim) return;
  vcsim = await startVcsim('-vm', '2', '-app', '1', '-mib', '4');
}, 300_000);
afterAll(async () => {
  await started?.end();
  await vcsim?.stop();
});

describeHere('a service beside a vCenter', () => {
  test('sweeps what it left behind, imports servers and vApps, and makes an image', async () => {
    const { id } = await vcsim.vm(NAME);
    const left = await openSource(`${vcsim.spec()}&owner=service`);
    await (await left.freeze([id], { quiesce: 'no', name: 'rehost/run-of-before' }))[0]!.close();
    await left.close!();

    started = await start({ servers: [], sources: [`${vcsim.spec()}&owner=service`] });
    const { sms } = started;
    await until(
      () => vcsim.vm(NAME),
      ({ snapshots }) => snapshots.length === 0,
    );
    expect((await sms.send(new GetConnectorsCommand({}))).connectorList).toMatchObject([
      {
        vmManagerType: 'VSPHERE',
        vmManagerName: '127.0.0.1',
        capabilityList: ['VSPHERE', 'SNAPSHOT_BATCHING'],
        status: 'HEALTHY',
      },
    ]);

    await sms.send(new ImportServerCatalogCommand({}));
    const { serverList = [] } = await until(
      () => sms.send(new GetServersCommand({})),
      ({ serverCatalogStatus }) => serverCatalogStatus === 'AVAILABLE',
    );
    expect(serverList).toHaveLength(4);
    const server = serverList.find(({ vmServer }) => vmServer?.vmName === NAME)!;
    expect(server).toMatchObject({
      serverType: 'VIRTUAL_MACHINE',
      vmServer: {
        vmServerAddress: { vmManagerId: expect.stringMatching(/^[0-9A-F]{8}-/), vmId: id },
        vmManagerName: '127.0.0.1',
        vmManagerType: 'VSPHERE',
        vmPath: `/Datacenters/DC0/vm/${NAME}`,
      },
    });
    await sms.send(new ImportAppCatalogCommand({ roleName: 'sms' }));
    const { apps = [] } = await until(
      () => sms.send(new ListAppsCommand({})),
      ({ apps: list = [] }) => list.length > 0,
    );
    const { serverGroups } = await sms.send(new GetAppCommand({ appId: apps[0]!.appId! }));
    expect(serverGroups?.map(({ name, serverList: list }) => [name, list?.length])).toEqual([
      ['start-order-1', 1],
      ['start-order-2', 1],
    ]);

    await vcsim.write(NAME, 1_000_000, noise(100_000));
    const { replicationJobId } = await sms.send(
      new CreateReplicationJobCommand({ serverId: server.serverId!, seedReplicationTime: new Date(), runOnce: true }),
    );
    const { replicationRunList = [] } = await until(
      () => sms.send(new GetReplicationRunsCommand({ replicationJobId: replicationJobId! })),
      ({ replicationRunList: runs = [] }) => ['COMPLETED', 'FAILED'].includes(runs[0]?.state ?? ''),
    );
    expect(replicationRunList).toMatchObject([{ state: 'COMPLETED', amiId: expect.stringMatching(/^ami-/) }]);
    expect((await vcsim.vm(NAME)).snapshots).toEqual([]);
    expect(await started.rehost.services.images.exists(replicationRunList[0]!.amiId!)).toBe(true);
  });

  test('does not start beside a vCenter that is not trusted, and shows no password', async () => {
    const data = join(vcsim.folder, 'data');
    const { status, stdout, stderr } = await rehost(['up', '--port', '0', '--data', data, '--source', vcsim.spec('')]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`pin=${vcsim.pin}`);
    expect(stderr).not.toContain(PASSWORD);
  });
});
