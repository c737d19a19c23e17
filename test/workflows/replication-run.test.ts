import { appendFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateReplicationJobCommand,
  DeleteReplicationJobCommand,
  GetReplicationJobsCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
  StartOnDemandReplicationRunCommand,
  UpdateReplicationJobCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { progressed } from '../../lib/domain/run-progress.ts';
import { advance, unchanged } from '../../lib/domain/transition.ts';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { GIB } from '../../lib/snapshots.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { expectGapless, expectValid } from '../support/events.ts';
import { logged, type Started, start } from '../support/start.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let clock: VirtualClock;
let started: Started;
let serverId: string;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;

/** Time goes on, and all that comes of it is done. */
const pass = (ms: number) => clock.advance(ms, () => started.rehost.idle());
const disk = () => join(started.source, 'db1', 'disk.img');

beforeEach(async () => {
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: ['db1'] });
  await send(new ImportServerCatalogCommand({}));
  await pass(0);
  serverId = (await send(new GetServersCommand({}))).serverList![0]!.serverId!;
});
afterEach(async () => {
  const store = started.rehost.services.store as SqliteStore;
  const events = (await store.read(0, 10_000)).map(({ event }) => event);
  expectGapless(events);
  expectValid(events);
  await started.end();
  expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
});

const create = async (more: object = { frequency: 12 }) =>
  (await send(new CreateReplicationJobCommand({ serverId, seedReplicationTime: new Date(clock.now()), ...more })))
    .replicationJobId!;
const job = async (replicationJobId: string) =>
  (await send(new GetReplicationJobsCommand({ replicationJobId }))).replicationJobList![0]!;
const runs = async (replicationJobId: string) =>
  (await send(new GetReplicationRunsCommand({ replicationJobId }))).replicationRunList!;
const states = async (replicationJobId: string) => (await runs(replicationJobId)).map(({ state }) => state);

test('an active run tells stage, percent, bytes, rate and time left; each tenth is an event', async () => {
  const id = await create({ frequency: 12, seedReplicationTime: new Date(clock.now() + HOUR) });
  const { store } = started.rehost.services;
  const [{ replicationRunId } = {}] = await runs(id);
  const pending = (await store.get('ReplicationRun', replicationRunId!))!;
  const active = advance(unchanged('ReplicationRun', pending), ['Replication Run', 'ACTIVE'], { at: clock.now() });
  await store.transact([active]);
  const note = async (bytesDone: number) => {
    const run = (await store.get('ReplicationRun', replicationRunId!))!;
    const progress = { stage: 'Uploading', bytesDone, bytesTotal: 4 * GIB, bytesPerSecond: 100 * 2 ** 20 } as const;
    const change = progressed(run, progress, clock.now());
    if (change) await store.transact([change]);
  };
  for (let percent = 0; percent <= 42; percent++) await note(Math.ceil((percent / 100) * 4 * GIB));
  expect((await runs(id))[0]).toMatchObject({
    stageDetails: { stage: 'Uploading', stageProgress: '42%' },
    statusMessage: 'Uploading: 1.7 of 4.0 GiB, 100.0 MiB/s, 24 s left',
  });
  const events = (await (store as SqliteStore).read(0, 10_000)).filter(
    ({ event }) => event.detailType === 'Replication Run Progress',
  );
  expect(events.map(({ event }) => event.detail)).toMatchObject(
    [0, 10, 20, 30, 40].map((percent) => ({ percent, stage: 'Uploading', bytesTotal: 4 * GIB, replicationJobId: id })),
  );
  expect(events.at(-1)!.event.detail).toMatchObject({ bytesPerSecond: 104_857_600, secondsLeft: 25 });
});

describe('a job with a frequency', () => {
  test('runs at its seed time, then every so many hours; the next run is listed first', async () => {
    const id = await create({ frequency: 12, seedReplicationTime: new Date(clock.now() + HOUR) });
    await pass(HOUR - 1);
    expect((await job(id)).state).toBe('PENDING');
    await pass(10_000);
    expect(await states(id)).toEqual(['PENDING', 'COMPLETED']);
    const seed = (await runs(id))[1]!.scheduledStartTime!.getTime();
    await pass(25 * HOUR);
    expect(await states(id)).toEqual(['PENDING', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect((await runs(id)).map(({ scheduledStartTime }) => (scheduledStartTime!.getTime() - seed) / HOUR)).toEqual([
      36, 24, 12, 0,
    ]);
  });

  test('keeps as many images as it is told', async () => {
    const id = await create({ frequency: 1, numberOfRecentAmisToKeep: 2 });
    await pass(4.5 * HOUR);
    const made = (await runs(id)).flatMap(({ amiId }) => amiId ?? []);
    expect(made).toHaveLength(5);
    expect(await Promise.all(made.map((amiId) => started.rehost.services.images.exists(amiId)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('pauses after three failed runs, and is resumed by a start time', async () => {
    const id = await create({ frequency: 1 });
    await pass(60_000);
    rmSync(disk());
    await pass(HOUR);
    expect((await job(id)).statusMessage).toContain('2 re-try run(s) remaining');
    await pass(2 * HOUR);
    expect(await job(id)).toMatchObject({
      state: 'PAUSED_ON_FAILURE',
      statusMessage: expect.stringContaining('resume it within 4 days'),
    });
    expect(await states(id)).toEqual(['DELETED', 'FAILED', 'FAILED', 'FAILED', 'COMPLETED']);

    appendFileSync(disk(), Buffer.alloc(5_000_000, 'new'));
    await send(
      new UpdateReplicationJobCommand({
        replicationJobId: id,
        nextReplicationRunStartTime: new Date(clock.now() + HOUR),
      }),
    );
    expect((await job(id)).state).toBe('ACTIVE');
    await pass(HOUR + 60_000);
    expect((await states(id)).slice(0, 2)).toEqual(['PENDING', 'COMPLETED']);
  });

  test('is deleted when it stays paused for 4 days', async () => {
    const id = await create({ frequency: 1 });
    await pass(60_000);
    rmSync(disk());
    await pass(4 * HOUR);
    await pass(3.8 * DAY);
    expect((await job(id)).state).toBe('PAUSED_ON_FAILURE');
    await pass(DAY);
    expect(await job(id)).toMatchObject({ state: 'DELETED', statusMessage: 'paused for 4 days' });
    await expect(create()).resolves.toMatch(/^sms-job-/);
  });

  test('ends after 90 days', async () => {
    const id = await create({ frequency: 24, seedReplicationTime: new Date(clock.now() + 25 * DAY) });
    await send(
      new UpdateReplicationJobCommand({
        replicationJobId: id,
        nextReplicationRunStartTime: new Date(clock.now() + 30 * DAY),
      }),
    );
    await pass(29 * DAY);
    await send(
      new UpdateReplicationJobCommand({
        replicationJobId: id,
        nextReplicationRunStartTime: new Date(clock.now() + 30 * DAY),
      }),
    );
    await pass(29 * DAY);
    await send(
      new UpdateReplicationJobCommand({
        replicationJobId: id,
        nextReplicationRunStartTime: new Date(clock.now() + 30 * DAY),
      }),
    );
    await pass(29 * DAY);
    expect((await job(id)).state).toBe('PENDING');
    await pass(4 * DAY);
    expect(await job(id)).toMatchObject({
      state: 'DELETED',
      statusMessage: expect.stringContaining('90 days at most'),
    });
  });

  test('has two on-demand runs in 24 hours, which shift nothing', async () => {
    const id = await create({ frequency: 24 });
    await expect(send(new StartOnDemandReplicationRunCommand({ replicationJobId: id }))).rejects.toMatchObject({
      name: 'OperationNotPermittedException',
    });
    await pass(60_000);
    const planned = (await runs(id))[0]!.scheduledStartTime;
    for (const _ of [1, 2]) {
      await send(new StartOnDemandReplicationRunCommand({ replicationJobId: id }));
      await pass(60_000);
    }
    await expect(send(new StartOnDemandReplicationRunCommand({ replicationJobId: id }))).rejects.toMatchObject({
      name: 'ReplicationRunLimitExceededException',
    });
    expect((await runs(id))[0]).toMatchObject({ state: 'PENDING', scheduledStartTime: planned });
    expect((await runs(id)).map(({ type }) => type)).toEqual(['AUTOMATIC', 'ON_DEMAND', 'ON_DEMAND', 'AUTOMATIC']);
  });

  test('is deleted with its pending run; a deleted one is not deleted again', async () => {
    const id = await create({ frequency: 12 });
    await pass(60_000);
    await send(new DeleteReplicationJobCommand({ replicationJobId: id }));
    await pass(1_000);
    expect((await job(id)).state).toBe('DELETED');
    expect(await states(id)).toEqual(['DELETED', 'COMPLETED']);
    await expect(send(new DeleteReplicationJobCommand({ replicationJobId: id }))).rejects.toMatchObject({
      name: 'OperationNotPermittedException',
    });
  });
});

describe('a job that runs once', () => {
  test('is completed by its run, and its server may have another', async () => {
    const id = await create({ runOnce: true });
    await expect(create()).rejects.toMatchObject({ name: 'ReplicationJobAlreadyExistsException' });
    await pass(60_000);
    expect(await job(id)).toMatchObject({ state: 'COMPLETED', latestAmiId: expect.stringMatching(/^ami-/) });
    expect(await states(id)).toEqual(['COMPLETED']);
    await expect(create()).resolves.toMatch(/^sms-job-/);
  });

  test('fails with its run, and says why', async () => {
    rmSync(disk());
    const id = await create({ runOnce: true });
    await pass(60_000);
    expect(await job(id)).toMatchObject({ state: 'FAILED', statusMessage: expect.stringContaining('db1') });
    expect(await states(id)).toEqual(['FAILED']);
    const events = (await (started.rehost.services.store as SqliteStore).read(0, 1_000)).map(({ event }) => event);
    expect(
      events
        .filter(({ source }) => source === 'rehost.sms')
        .map(({ detail }) => [detail.state, detail['replication-run-id'] === 'N/A']),
    ).toEqual([
      ['Failed', false],
      ['Failed', true],
    ]);
  });
});

test('a server whose disk cannot be read fails its run with what to do, and goes on once that is done', async () => {
  const id = await create({ frequency: 1 });
  renameSync(disk(), disk().replace('.img', '.vdi'));
  await pass(60_000);
  expect(await job(id)).toMatchObject({ state: 'ACTIVE' });
  expect((await runs(id))[1]).toMatchObject({
    state: 'FAILED',
    statusMessage: expect.stringMatching(
      /^ServerError: Failed to validate replication job sms-job-\w+. ServerCheckError: server db1: .*disk.vdi is a VirtualBox image, which is not read; convert it/,
    ),
  });
  renameSync(disk().replace('.img', '.vdi'), disk());
  await pass(HOUR);
  expect((await states(id)).slice(0, 2)).toEqual(['PENDING', 'COMPLETED']);
});

test('a due run is missed while another is under way', async () => {
  const id = await create({ frequency: 1 });
  await pass(60_000);
  // The run under way belongs to a connector that went silent: it stays active past the next one's time.
  const { store } = started.rehost.services;
  const stored = (await store.get('ReplicationJob', id))!;
  await store.transact([
    { kind: 'ReplicationJob', entity: { ...stored, activeRunId: 'sms-run-00000000' }, events: [] },
  ]);
  await pass(HOUR);
  expect((await states(id)).slice(0, 2)).toEqual(['PENDING', 'MISSED']);
});
