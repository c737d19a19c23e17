import { expect } from '@jest/globals';
import type { App, Entities, Kind } from '../../lib/domain/entities.ts';
import type { DomainEvent } from '../../lib/domain/events.ts';
import { MACHINES, type MachineName } from '../../lib/domain/states.ts';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { eachPage, type Query, type Store } from '../../lib/store.ts';

/** What holds of the service whenever it rests, whoever called what before. Throws when something does not. */
export async function expectInvariants(store: SqliteStore) {
  const events = (await store.read(0, 100_000)).map(({ event }) => event);
  expectLegal(events);
  const jobs = await all(store, 'ReplicationJob', { index: 'all', partition: 'all' });
  const apps = await all(store, 'App', { index: 'all', partition: 'all' });
  const servers = await all(store, 'Server', { index: 'all', partition: 'all' });
  for (const server of servers) await expectServer(server, store);
  for (const job of jobs) await expectJob(job, store);
  for (const app of apps) expectApp(app, servers);
  await expectUsage(store, { jobs, apps });
  await expectTransfers(store);
}

async function all<K extends Kind>(store: Store, kind: K, query: Query<K>): Promise<Entities[K][]> {
  const items: Entities[K][] = [];
  for await (const page of eachPage(store, kind, query)) items.push(...page);
  return items;
}

/** Each machine of each entity went by its table, from where it was. */
function expectLegal(events: readonly DomainEvent[]) {
  const states = new Map<string, unknown>();
  for (const { source, detailType, detail } of events) {
    if (source !== 'rehost') continue;
    const machine = detailType.replace(' State Change', '') as MachineName;
    const key = `${machine} ${detail.entity}`;
    const table: Readonly<Record<string, readonly string[]>> = MACHINES[machine];
    const before = states.get(key);
    if (detail.from !== null) {
      if (before !== undefined) expect([key, detail.from]).toEqual([key, before]);
      expect([key, detail.from, table[detail.from as string]]).toEqual([
        key,
        detail.from,
        expect.arrayContaining([detail.to]),
      ]);
    }
    states.set(key, detail.to);
  }
}

/** A server is in the application that lists it, and has the job that is its. */
async function expectServer({ id, appId, replicationJobId }: Entities['Server'], store: Store) {
  if (appId) {
    const app = await store.get('App', appId);
    expect([id, app?.serverGroups.flatMap(({ serverIds }) => serverIds)]).toEqual([id, expect.arrayContaining([id])]);
    expect([id, app?.status]).not.toEqual([id, 'DELETED']);
  }
  if (replicationJobId) expect((await store.get('ReplicationJob', replicationJobId))?.serverId).toBe(id);
}

/** A job's pending run is pending, its active run active, and it has no others of that kind. */
async function expectJob(job: Entities['ReplicationJob'], store: Store) {
  const runs = await all(store, 'ReplicationRun', { index: 'byJob', partition: job.id });
  const inState = (state: string) => runs.filter((run) => run.state === state).map(({ id }) => id);
  expect([job.id, inState('PENDING')]).toEqual([job.id, [job.pendingRunId].filter(Boolean)]);
  expect([job.id, inState('ACTIVE')]).toEqual([job.id, [job.activeRunId].filter(Boolean)]);
  if (job.state === 'ACTIVE' && job.frequency && !job.runOnce)
    expect([job.id, job.pendingRunId]).not.toEqual([job.id, undefined]);
  if (job.latestAmiId) expect((await store.get('Image', job.latestAmiId))?.replicationJobId).toBe(job.id);
}

function expectApp(app: App, servers: readonly Entities['Server'][]) {
  const listed = app.serverGroups.flatMap(({ serverIds }) => serverIds);
  expect([app.id, new Set(listed).size]).toEqual([app.id, listed.length]);
  const known = servers.filter(({ id }) => listed.includes(id));
  expect([app.id, known.every(({ appId }) => appId === app.id)]).toEqual([app.id, true]);
}

/** The account's figures are what the jobs and applications add up to. */
async function expectUsage(
  store: Store,
  { jobs, apps }: { jobs: readonly Entities['ReplicationJob'][]; apps: readonly App[] },
) {
  const usage = await store.get('Usage', 'account');
  expect([usage?.replicatingServers ?? 0, usage?.replicatingApps ?? 0]).toEqual([
    jobs.filter(({ released, state }) => !released && state !== 'DELETED').length,
    apps.filter(({ counted }) => counted).length,
  ]);
}

/** Nothing is being copied for a run that is over. */
async function expectTransfers(store: Store) {
  for (const partition of ['QUEUED', 'CLAIMED']) {
    for (const { replicationRunId } of await all(store, 'Transfer', { index: 'byState', partition }))
      expect((await store.get('ReplicationRun', replicationRunId))?.state).toBe('ACTIVE');
  }
}
