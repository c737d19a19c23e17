import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteAppCommand,
  GetAppCommand,
  ImportAppCatalogCommand,
  ListAppsCommand,
  StartAppReplicationCommand,
  UpdateAppCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { createApp, importCatalog, putReplication } from '../support/app.ts';
import { type Started, start } from '../support/start.ts';

let clock: VirtualClock;
let started: Started;
let servers: Map<string, string>;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms = 10_000) => clock.advance(ms, () => started.rehost.idle());
const applications = (text: string) => writeFileSync(join(started.source, 'applications.yaml'), text);
const importApps = async (roleName?: string) => {
  await send(new ImportAppCatalogCommand(roleName ? { roleName } : {}));
  await pass();
};
const apps = async () => (await send(new ListAppsCommand({}))).apps ?? [];
const groupsOf = async (appId: string) => {
  const { serverGroups = [] } = await send(new GetAppCommand({ appId }));
  return serverGroups.map(({ name, serverList = [] }) => [name, serverList.map(({ vmServer }) => vmServer!.vmName)]);
};

beforeEach(async () => {
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: ['db1', 'web1', 'web2'] });
});
afterEach(() => started.end());

test('fails before the server catalog is there', async () => {
  await expect(send(new ImportAppCatalogCommand({}))).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
    message: expect.stringContaining('import it with ImportServerCatalog first'),
  });
});

test('makes applications of the servers in the catalog that are free; one without any is dropped', async () => {
  servers = await importCatalog(started, pass);
  await createApp(started, { name: 'mine', groups: [[servers.get('web2')!]] });
  applications(`
shop:
  description: sells
  serverGroups: {database: [db1], web: [web1, web2, gone]}
ghost:
  serverGroups: {all: [nobody]}
`);
  await importApps();
  const imported = (await apps()).filter(({ importedAppId }) => importedAppId);
  expect(imported).toMatchObject([{ name: 'shop', description: 'sells', roleName: 'sms', totalServers: 2 }]);
  expect(await groupsOf(imported[0]!.appId!)).toEqual([
    ['database', ['db1']],
    ['web', ['web1']],
  ]);
  await expect(send(new UpdateAppCommand({ appId: imported[0]!.appId, name: 'x' }))).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
    message: expect.stringContaining('was imported'),
  });
});

test('brings an imported application up to date, but not while it is replicated', async () => {
  servers = await importCatalog(started, pass);
  applications('shop: {serverGroups: {web: [web1]}}');
  await importApps('my-role');
  const { appId } = (await apps())[0]!;
  applications('shop: {serverGroups: {web: [web2], database: [db1]}}');
  await importApps();
  expect((await apps()).map((app) => app.appId)).toEqual([appId]);
  expect(await groupsOf(appId!)).toEqual([
    ['web', ['web2']],
    ['database', ['db1']],
  ]);
  expect(await started.rehost.services.store.get('Server', servers.get('web1')!)).not.toHaveProperty('appId');

  const { serverGroups = [] } = await send(new GetAppCommand({ appId }));
  const groups = serverGroups.map(({ serverGroupId, serverList = [] }) => ({
    serverGroupId: serverGroupId!,
    serverIds: serverList.map(({ serverId }) => serverId!),
  }));
  await putReplication(started, { appId: appId!, groups, summary: async () => ({}) }, { frequency: 1 });
  await send(new StartAppReplicationCommand({ appId }));
  await pass(60_000);
  applications('shop: {serverGroups: {web: [web1]}}');
  await importApps();
  expect(await groupsOf(appId!)).toHaveLength(2);
  expect(await started.rehost.services.store.get('ServerCatalog', 'catalog')).toMatchObject({
    appCatalogStatus: 'AVAILABLE',
    appCatalogMessage: 'shop: it is being replicated or is launched',
  });
  await send(new DeleteAppCommand({ appId, forceStopAppReplication: true }));
  await pass(60_000);
  await importApps();
  expect((await apps()).map(({ totalServers }) => totalServers)).toEqual([1]);
});

test.each([
  ['a list', '[a, b]'],
  ['no groups', 'shop: {}'],
  ['servers that are not names', 'shop: {serverGroups: {web: [1]}}'],
  ['broken YAML', 'shop: {'],
])('fails with %s in the file, and says what it wants', async (_, text) => {
  await importCatalog(started, pass);
  applications(text);
  await importApps();
  await pass(300_000);
  const catalog = await started.rehost.services.store.get('ServerCatalog', 'catalog');
  expect(catalog).toMatchObject({
    appCatalogStatus: 'NOT_IMPORTED',
    appCatalogMessage: expect.stringContaining('ApplicationsFileError: '),
  });
  expect(catalog!.appCatalogMessage).toContain('write APPLICATION:');
});
