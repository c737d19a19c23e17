import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { logged, type Started, start } from '../support/start.ts';
import { expectInvariants } from './invariants.ts';

/**
 * Random calls in any order, with time and broken disks between them. Whatever is asked, the service answers or refuses, never fails; and whenever it rests
 * its invariants hold. `RUNS` makes it go on for longer (`npm run test:long`).
 */
const RUNS = Number(process.env.RUNS ?? 4);
const MINUTE = 60_000;

type Body = Record<string, unknown>;
interface World {
  readonly started: Started;
  readonly clock: VirtualClock;
  readonly servers: string[];
  readonly jobs: string[];
  readonly apps: Body[];
}

/** Mostly one of those that came last; now and then none. */
const pick = <T>(from: readonly T[], seed: number): T | undefined =>
  seed % 9 === 8 ? undefined : from.at(-1 - (seed % Math.min(3, Math.max(1, from.length))));
const call = async ({ started }: World, operation: string, input: object, id: string = randomUUID()) => {
  const answer = await fetch(started.rehost.url, {
    method: 'POST',
    headers: {
      'x-amz-target': `AWSServerMigrationService_V2016_10_24.${operation}`,
      'amz-sdk-invocation-id': id,
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Body };
};

/** What can be asked, each from a number that chooses among what there is. An id that is not there is asked for, too. */
const APP = 'app-00000000000000000';
const appId = (world: World, seed: number) => pick(world.apps, seed)?.appId ?? APP;
const jobId = (world: World, seed: number) => pick(world.jobs, seed) ?? 'sms-job-none';
const groupsOf = (world: World, seed: number) => (pick(world.apps, seed)?.groups ?? []) as Body[];
const CALLS: Record<string, (world: World, seed: number) => object> = {
  ImportServerCatalog: () => ({}),
  ImportAppCatalog: () => ({}),
  DeleteServerCatalog: () => ({}),
  CreateReplicationJob: (world, seed) => ({
    serverId: pick(world.servers, seed) ?? 's-none',
    seedReplicationTime: world.clock.now() / 1_000 + (seed % 3) * 1_800,
    ...(seed % 2 ? { frequency: 1 + (seed % 3) } : { runOnce: true }),
    ...(seed % 5 ? {} : { numberOfRecentAmisToKeep: 1 }),
  }),
  UpdateReplicationJob: (world, seed) => ({
    replicationJobId: jobId(world, seed),
    ...(seed % 2 ? { nextReplicationRunStartTime: world.clock.now() / 1_000 + 600 } : { frequency: 2 }),
  }),
  DeleteReplicationJob: (world, seed) => ({ replicationJobId: jobId(world, seed) }),
  StartOnDemandReplicationRun: (world, seed) => ({ replicationJobId: jobId(world, seed) }),
  CreateApp: (world, seed) => ({
    name: `app-${seed}`,
    serverGroups: [{ name: 'one', serverList: servers(world, seed) }],
  }),
  UpdateApp: (world, seed) => ({
    appId: appId(world, seed),
    ...(seed % 2 ? { description: 'x' } : { serverGroups: [{ name: 'two', serverList: servers(world, seed >> 3) }] }),
  }),
  PutAppReplicationConfiguration: (world, seed) => ({
    appId: appId(world, seed),
    serverGroupReplicationConfigurations: groupsOf(world, seed).map(({ serverGroupId, serverList }) => ({
      serverGroupId,
      serverReplicationConfigurations: (serverList as Body[]).map(({ serverId }) => ({
        server: { serverId },
        serverReplicationParameters: seed % 4 ? { frequency: 1 } : { runOnce: true },
      })),
    })),
  }),
  DeleteAppReplicationConfiguration: (world, seed) => ({ appId: appId(world, seed) }),
  PutAppLaunchConfiguration: (world, seed) => ({
    appId: appId(world, seed),
    autoLaunch: seed % 3 === 0,
    serverGroupLaunchConfigurations: groupsOf(world, seed).map(({ serverGroupId, serverList }) => ({
      serverGroupId,
      serverLaunchConfigurations: (serverList as Body[]).map(({ serverId }, index) => ({
        server: { serverId },
        logicalId: `L${index}`,
      })),
    })),
  }),
  DeleteAppLaunchConfiguration: (world, seed) => ({ appId: appId(world, seed) }),
  StartAppReplication: (world, seed) => ({ appId: appId(world, seed) }),
  StopAppReplication: (world, seed) => ({ appId: appId(world, seed) }),
  StartOnDemandAppReplication: (world, seed) => ({ appId: appId(world, seed) }),
  GenerateTemplate: (world, seed) => ({ appId: appId(world, seed) }),
  GenerateChangeSet: (world, seed) => ({ appId: appId(world, seed) }),
  LaunchApp: (world, seed) => ({ appId: appId(world, seed) }),
  TerminateApp: (world, seed) => ({ appId: appId(world, seed) }),
  DeleteApp: (world, seed) => ({
    appId: appId(world, seed),
    forceStopAppReplication: seed % 2 === 0,
    forceTerminateApp: seed % 3 === 0,
  }),
};
const servers = (world: World, seed: number) =>
  world.servers.filter((_, index) => (seed >> index) % 2 === 1).map((serverId) => ({ serverId }));

type Step =
  | { kind: 'call'; operation: string; seed: number; again: boolean }
  | { kind: 'path'; seed: number }
  | { kind: 'wait'; minutes: number }
  | { kind: 'disk'; seed: number };
/** Steps that lead on, so that more than refusals are met. */
const LIKELY = [
  'StartAppReplication',
  'LaunchApp',
  'TerminateApp',
  'StartOnDemandAppReplication',
  'StopAppReplication',
];
/** The way of an application to its launch. */
const PATH = [
  'CreateApp',
  'PutAppReplicationConfiguration',
  'PutAppLaunchConfiguration',
  'StartAppReplication',
  'LaunchApp',
  'GenerateChangeSet',
];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      operation: fc.constantFrom(...Object.keys(CALLS).filter((name) => name !== 'DeleteServerCatalog'), ...LIKELY),
      seed: fc.nat(1_000),
      again: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(0, 1, 5, 61) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk' as const), seed: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('path' as const), seed: fc.nat(1_000) }) },
);

async function carryOut(world: World, one: Step): Promise<void> {
  if (one.kind === 'wait') return world.clock.advance(one.minutes * MINUTE, () => world.started.rehost.idle());
  if (one.kind === 'disk') return breakOrMend(world, one.seed);
  if (one.kind === 'path') return followPath(world, one.seed);
  const { operation, seed, again } = one;
  const id = randomUUID();
  const input = CALLS[operation]!(world, seed);
  const { status, body } = await call(world, operation, input, id);
  if (status !== 200 && status !== 400)
    throw new Error(`${operation} ${JSON.stringify(input)}: ${status} ${JSON.stringify(body)}`);
  if (status !== 200) return;
  if (again && !operation.startsWith('Generate')) await expectSame(world, { operation, input, id, body });
  note(world, body);
}

async function followPath(world: World, seed: number) {
  // The seed picks the application that was made last.
  for (const operation of PATH) {
    await carryOut(world, {
      kind: 'call',
      operation,
      seed: operation === 'CreateApp' ? seed : (seed % 4) * 18,
      again: false,
    });
    await carryOut(world, { kind: 'wait', minutes: 1 });
  }
}

/** The client's own retry: the same answer, and nothing further is done. */
async function expectSame(
  world: World,
  { operation, input, id, body }: { operation: string; input: object; id: string; body: Body },
) {
  const second = await call(world, operation, input, id);
  // What the service has done since may show in an application's summary.
  const essence = ({ appSummary, ...rest }: Body) => ({ ...rest, appId: (appSummary as Body | undefined)?.appId });
  expect([operation, second.status, essence(second.body)]).toEqual([operation, 200, essence(body)]);
}

/** Remembers what there is to be asked for. */
function note({ jobs, apps }: World, { replicationJobId, appSummary, serverGroups }: Body) {
  if (replicationJobId) jobs.push(replicationJobId as string);
  const { appId: id } = (appSummary ?? {}) as Body;
  if (!id) return;
  const known = apps.find((app) => app.appId === id);
  if (known) known.groups = serverGroups;
  else apps.push({ appId: id, groups: serverGroups });
}

function breakOrMend({ started }: World, seed: number) {
  const disk = join(started.source, ['db1', 'web1', 'web2'][seed]!, 'disk.img');
  if (existsSync(disk)) renameSync(disk, `${disk}.off`);
  else renameSync(`${disk}.off`, disk);
}

async function world(): Promise<World> {
  const clock = new VirtualClock();
  const started = await start({ clock, auth: 'none' });
  const empty: World = { started, clock, servers: [], jobs: [], apps: [] };
  await call(empty, 'ImportServerCatalog', {});
  await clock.advance(MINUTE, () => started.rehost.idle());
  const { body } = await call(empty, 'GetServers', {});
  empty.servers.push(...(body.serverList as Body[]).map(({ serverId }) => serverId as string));
  return empty;
}

test('random calls meet answers and refusals only, and leave no invariant broken', async () => {
  logged.length = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      const one = await world();
      try {
        for (const each of steps) {
          await carryOut(one, each);
          await one.clock.advance(0, () => one.started.rehost.idle());
        }
        await one.clock.advance(10 * MINUTE, () => one.started.rehost.idle());
        await expectInvariants(one.started.rehost.services.store as SqliteStore);
        expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
      } finally {
        logged.length = 0;
        await one.started.end();
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 3_600_000);
