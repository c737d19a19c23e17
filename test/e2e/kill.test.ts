import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetReplicationJobsCommand } from '@aws-sdk/client-sms';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Endpoint, fetchEvents } from '../../lib/cli/endpoint.ts';
import { importServers } from '../../lib/cli/import.ts';
import { migrationMachine } from '../../lib/cli/migration.ts';
import { expectGapless, type PublishedEvent } from '../support/events.ts';
import { type Running, rehost, up } from '../support/process.ts';
import { until } from '../support/start.ts';

const MIB = 2 ** 20;
let folder: string;
let running: Running;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  for (const server of ['db1', 'web1']) {
    mkdirSync(join(folder, 'datacenter', server), { recursive: true });
    writeFileSync(
      join(folder, 'datacenter', server, 'disk.img'),
      Buffer.alloc(48 * MIB, `${server} `).fill(0, 20 * MIB, 30 * MIB),
    );
  }
});
afterAll(async () => {
  await running?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const start = () => up(['--data', join(folder, 'data'), '--source', `images:${join(folder, 'datacenter')}`]);

async function allEvents(endpoint: Endpoint): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = [];
  for (let after = 0; ; ) {
    const page = await fetchEvents(endpoint, after);
    if (page.length === 0) return events;
    events.push(...page.map(({ event }) => event));
    after = page.at(-1)!.position;
  }
}

/** Five moments, each told by the event that it begins with. */
const MOMENTS: readonly [string, string][] = [
  ['App Replication', 'VALIDATION_IN_PROGRESS'],
  ['Transfer', 'CLAIMED'],
  ['Image', 'AVAILABLE'],
  ['App Replication', 'REPLICATED'],
  ['App Launch', 'LAUNCH_IN_PROGRESS'],
];

test('a migration that is killed five times ends with one image per run, one stack, and every event', async () => {
  running = await start();
  await importServers(running.endpoint.sms);
  const plan = {
    app: { name: 'shop' },
    serverGroups: [
      { name: 'database', launchOrder: 1, servers: [{ name: 'db1' }] },
      { name: 'web', launchOrder: 2, servers: [{ name: 'web1' }] },
    ],
    replication: { runOnce: true },
  };
  const stateMachineArn = await migrationMachine(running.endpoint);
  await running.endpoint.sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: 'shop', input: JSON.stringify(plan) }),
  );

  for (const [machine, state] of MOMENTS) {
    const happened = ({ 'detail-type': type, detail }: PublishedEvent) =>
      type === `${machine} State Change` && detail.to === state;
    await until(
      () => allEvents(running.endpoint),
      (events) => events.some(happened),
    );
    await running.kill();
    running = await start();
  }

  const events = await until(
    () => allEvents(running.endpoint),
    (all) =>
      all.some(
        ({ 'detail-type': type, detail }) =>
          type === 'Migration State Change' && ['MIGRATED', 'FAILED'].includes(detail.to as string),
      ),
    30,
  );
  expectGapless(events);
  const count = (type: string, to: string) =>
    events.filter((event) => event['detail-type'] === `${type} State Change` && event.detail.to === to).length;
  expect(count('Migration', 'MIGRATED')).toBe(1);
  expect([count('Replication Run', 'COMPLETED'), count('Image', 'AVAILABLE'), count('App Launch', 'LAUNCHED')]).toEqual(
    [2, 2, 1],
  );
  expect(events.filter(({ source }) => source === 'rehost.sms')).toHaveLength(2);
  const { replicationJobList = [] } = await running.endpoint.sms.send(new GetReplicationJobsCommand({}));
  expect(replicationJobList.map(({ replicationRunList }) => replicationRunList!.length)).toEqual([1, 1]);
}, 60_000);

test('a second process on the same data folder is refused with what to do', async () => {
  const { status, stderr } = await rehost(['up', '--port', '0', '--data', join(folder, 'data')]);
  expect(status).toBe(1);
  expect(stderr).toContain('another rehost works in');
});
