import {
  CreateAppCommand,
  CreateReplicationJobCommand,
  DeleteAppCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ListAppsCommand,
  paginateGetReplicationRuns,
  paginateGetServers,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { importCatalog } from '../support/app.ts';
import { type Started, start } from '../support/start.ts';

const HOUR = 3_600_000;
let clock: VirtualClock;
let started: Started;
let servers: Map<string, string>;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms = 60_000) => clock.advance(ms, () => started.rehost.idle());

beforeEach(async () => {
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: Array.from({ length: 7 }, (_, index) => `s${index}`) });
  servers = await importCatalog(started, pass);
});
afterEach(() => started.end());

test('applications that stay are listed once, whatever comes and goes between the pages', async () => {
  const create = async (name: string) => (await send(new CreateAppCommand({ name }))).appSummary!.appId!;
  const remove = async (appId: string) => {
    await send(new DeleteAppCommand({ appId }));
    await pass(1_000);
  };
  const stay: string[] = [];
  const go: string[] = [];
  for (let index = 0; index < 24; index++) {
    await clock.advance(1);
    (index % 3 === 1 ? go : stay).push(await create(`app-${index}`));
  }
  const listed: string[] = [];
  const tokens: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await send(new ListAppsCommand({ maxResults: 5, ...(nextToken ? { nextToken } : {}) }));
    listed.push(...page.apps!.map(({ appId }) => appId!));
    nextToken = page.nextToken;
    if (nextToken) tokens.push(nextToken);
    // One that was listed or will be goes, and a new one comes.
    await remove(go.pop()!);
    await create('new');
  } while (nextToken);
  expect(listed.filter((appId) => stay.includes(appId))).toEqual(stay);
  expect(new Set(listed).size).toBe(listed.length);
  expect(new Set(tokens).size).toBe(tokens.length);
});

test('runs are listed once, newest first, while new ones begin', async () => {
  const { replicationJobId } = await send(
    new CreateReplicationJobCommand({
      serverId: servers.get('s0'),
      seedReplicationTime: new Date(clock.now()),
      frequency: 1,
    }),
  );
  await pass(11.5 * HOUR);
  const { replicationRunList: before = [] } = await send(new GetReplicationRunsCommand({ replicationJobId }));
  const listed: string[] = [];
  for await (const page of paginateGetReplicationRuns({ client: started.sms, pageSize: 4 }, { replicationJobId })) {
    listed.push(...page.replicationRunList!.map(({ replicationRunId }) => replicationRunId!));
    await pass(HOUR);
  }
  expect(before).toHaveLength(13);
  expect(listed).toEqual(before.map(({ replicationRunId }) => replicationRunId));
});

test('servers are listed in full; the last page, though full, has no token', async () => {
  const sizes: number[] = [];
  for await (const { serverList, nextToken } of paginateGetServers({ client: started.sms, pageSize: 1 }, {}))
    sizes.push(serverList!.length + (nextToken ? 0 : 100));
  expect(sizes).toEqual([1, 1, 1, 1, 1, 1, 101]);
});

test('fails with a token of another listing, of other filters, or of nobody', async () => {
  const { nextToken } = await send(new GetServersCommand({ maxResults: 2 }));
  const refused = { name: 'InvalidParameterException' };
  await expect(send(new ListAppsCommand({ nextToken }))).rejects.toMatchObject(refused);
  await expect(send(new GetServersCommand({ nextToken: `${nextToken!.slice(0, -2)}xx` }))).rejects.toMatchObject(
    refused,
  );
  await expect(send(new GetServersCommand({ nextToken: 'mine' }))).rejects.toMatchObject(refused);
});
