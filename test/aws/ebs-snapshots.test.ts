import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isOutage } from '../../lib/agent/errors.ts';
import { type EbsSnapshots, ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import { ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import type { Clock } from '../../lib/clock.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import type { EbsOperation } from '../../lib/local/ebs/faults.ts';
import { transferServer } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE, type SnapshotSpec } from '../../lib/snapshots.ts';
import { type Bed, block, KEY, openBed, sha256 } from '../local/ebs/bed.ts';
import { demandSameBytes } from '../replication/data-centre.ts';

let bed: Bed;
let ec2: EC2Client;
let snapshots: EbsSnapshots;
let pauses: number[];

/** Time passes when somebody waits for it. */
const skipping = (): Clock => ({
  now: () => bed.clock.now(),
  setTimer(at, run) {
    pauses.push(at - bed.clock.now());
    void bed.clock.advance(at - bed.clock.now()).then(run);
    return () => {};
  },
});

beforeEach(async () => {
  bed = await openBed();
  pauses = [];
  ec2 = new EC2Client({ endpoint: bed.url, region: 'us-east-1', credentials: KEY });
  snapshots = await ebsSnapshots({
    ebs: bed.ebs,
    ec2: ec2Snapshots(ec2),
    clock: skipping(),
    random: () => 0.5,
    timeouts: { silence: 100 },
  });
});
afterEach(() => {
  snapshots.close();
  ec2.destroy();
  return bed.close();
});

const spec = (token: string, more: Partial<SnapshotSpec> = {}): SnapshotSpec => ({
  sizeGiB: 1,
  token,
  tags: { job: '1' },
  timeoutMinutes: 60,
  ...more,
});
const put = (id: string, index: number, content: string) =>
  snapshots.put(id, index, block(content), sha256(block(content)));

test('a snapshot bears its tags, and takes no blocks after its time', async () => {
  const { id } = await snapshots.start(spec('one'));
  expect(bed.snapshots.describe(id)).toMatchObject({ state: 'pending', spec: { tags: { job: '1' } } });
  await bed.clock.advance(61 * 60_000);
  await expect(put(id, 0, 'a')).rejects.toMatchObject({ name: 'SnapshotStateError' });
});

describe('a put', () => {
  let id: string;
  beforeEach(async () => {
    ({ id } = await snapshots.start(spec('one')));
  });

  test('is slowed down by throttles, and tells how many there were', async () => {
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'throttle', times: 3 });
    expect(await put(id, 0, 'a')).toEqual({ throttles: 3 });
    expect(pauses).toEqual([375, 750, 1_500]);
  });

  test('is repeated after errors of the service, at most seven times', async () => {
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'fail', times: 7 });
    expect(await put(id, 0, 'a')).toEqual({ throttles: 0 });
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'fail' });
    await expect(put(id, 0, 'a')).rejects.toMatchObject({ name: 'BlockRefusedError', type: 'InternalServerException' });
    expect(bed.faults.failures).toEqual([8]);
  });

  test('is repeated when there is no answer', async () => {
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'hang', times: 2 });
    expect(await put(id, 0, 'a')).toEqual({ throttles: 0 });
    expect(bed.faults.failures).toEqual([2]);
  });

  test('waits up to two minutes for a snapshot to show', async () => {
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'late', milliseconds: 56_000 });
    const { id: late } = await snapshots.start(spec('late'));
    await put(late, 0, 'a');
    expect(Math.max(...pauses)).toBeLessThan(8_001);
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'late', milliseconds: 180_000 });
    const { id: never } = await snapshots.start(spec('never'));
    await expect(put(never, 0, 'a')).rejects.toMatchObject({ name: 'SnapshotStateError' });
  });

  test('fails at once for whoever is not allowed', async () => {
    const stranger = bed.client({ credentials: { ...KEY, secretAccessKey: 'guessed' } });
    const theirs = await ebsSnapshots({ ebs: stranger, ec2: ec2Snapshots(ec2), clock: skipping(), random: () => 0.5 });
    const refused = { name: 'BlockRefusedError', type: 'InvalidSignatureException', status: 403 };
    await expect(theirs.put(id, 0, block('a'), sha256(block('a')))).rejects.toMatchObject(refused);
    expect(pauses).toEqual([]);
    theirs.close();
    stranger.destroy();
  });

  test('fails after a while when nobody listens, which a connector takes for an outage', async () => {
    const nowhere = bed.client({ endpoint: 'http://127.0.0.1:9' });
    const nobody = await ebsSnapshots({ ebs: nowhere, ec2: ec2Snapshots(ec2), clock: skipping(), random: () => 0.5 });
    const failure = await nobody.put(id, 0, block('a'), sha256(block('a'))).catch((error) => error);
    expect(failure).toMatchObject({ name: 'BlockBrokenError' });
    expect(isOutage(failure)).toBe(true);
    expect(pauses).toHaveLength(7);
    nobody.close();
    nowhere.destroy();
  });

  test.each([
    ['PutSnapshotBlock', (store, signal) => store.put(id, 0, block('a'), sha256(block('a')), signal)],
    ['GetSnapshotBlock', (store, signal) => store.read(id, 0, 'token', signal)],
  ] as [EbsOperation, (store: EbsSnapshots, signal: AbortSignal) => Promise<unknown>][])(
    '%s ends its pause before another attempt as soon as the signal is aborted',
    async (operation, request) => {
      const stop = new AbortController();
      // Its timers never come.
      const setTimer = () => {
        setImmediate(() => stop.abort(new Error('the job is deleted')));
        return () => {};
      };
      const clock = { now: () => bed.clock.now(), setTimer };
      const store = await ebsSnapshots({ ebs: bed.ebs, ec2: ec2Snapshots(ec2), clock, random: () => 0.5 });
      bed.faults.set({ operation, kind: 'fail' });
      await expect(request(store, stop.signal)).rejects.toThrow('the job is deleted');
      expect(bed.faults.failures).toEqual([1]);
      store.close();
    },
  );

  test('carries the session token of temporary credentials in its signature', async () => {
    const temporary = bed.client({ credentials: { ...KEY, sessionToken: 'session' } });
    const theirs = await ebsSnapshots({ ebs: temporary, ec2: ec2Snapshots(ec2), clock: skipping(), random: () => 0.5 });
    await theirs.put(id, 0, block('a'), sha256(block('a')));
    theirs.close();
    temporary.destroy();
  });
});

test('a server is transferred whole while the endpoint throttles, fails, hangs and shows snapshots late', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  await mkdir(join(folder, 'source', 'db1'), { recursive: true });
  const disk = join(folder, 'source', 'db1', 'disk.img');
  const bytes = Buffer.alloc(40 * BLOCK_SIZE + 17);
  for (let index = 0; index < 40; index += 3) bytes.write(`block ${index}`, index * BLOCK_SIZE);
  const patient = bed.client({ maxAttempts: 3 });
  const store = await ebsSnapshots({
    ebs: patient,
    ec2: ec2Snapshots(ec2),
    clock: skipping(),
    random: () => 0.5,
    timeouts: { silence: 100 },
  });
  const run = (runId: string) =>
    transferServer(
      { runId, jobId: 'job', attempt: 1, vmId: 'db1', description: '', tags: {} },
      {
        source: imagesSource(join(folder, 'source')),
        snapshots: store,
        stateFolder: join(folder, 'state'),
        clock: skipping(),
        onProgress() {},
      },
    );
  const operation = 'PutSnapshotBlock' as const;
  bed.faults.set(
    { operation, kind: 'late', milliseconds: 3_000 },
    { operation, kind: 'hang', after: 4, times: 1 },
    { operation, kind: 'fail', every: 5 },
    { operation, kind: 'throttle', every: 4 },
    { operation: 'ListSnapshotBlocks', kind: 'throttle', times: 1 },
  );
  for (const [round, change] of ['', 'changed'].entries()) {
    bytes.write(change, 6 * BLOCK_SIZE);
    writeFileSync(disk, bytes);
    const { disks } = await run(`run-${round}`);
    await demandSameBytes(bed.snapshots, disks[0]!.snapshotId, disk);
  }
  expect(Math.min(...bed.faults.failures.slice(0, 4))).toBeGreaterThan(0);
  store.close();
  patient.destroy();
  rmSync(folder, { recursive: true });
});
