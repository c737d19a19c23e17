import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateReplicationJobCommand,
  GetReplicationJobsCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../lib/json.ts';
import type { FileSnapshots } from '../../lib/local/file-snapshots.ts';
import type { LocalImage } from '../../lib/local/local-images.ts';
import { openRows } from '../../lib/local/rows.ts';
import type { ImageImport, ImageSpec, Services } from '../../lib/ports.ts';
import { readDefinition, substituted } from '../../lib/workflows/definitions.ts';
import { applyRetention } from '../../lib/workflows/replication-run/apply-retention.ts';
import { registerImage } from '../../lib/workflows/replication-run/register-image.ts';
import { bed, lambda } from '../engine/support/bed.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { type Started, start } from '../support/start.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The first sectors of a disk with a GPT whose only partition is of that type. */
function gpt(typeGuid: string): Buffer {
  const disk = Buffer.alloc(1_000_448);
  disk.write('EFI PART', 512);
  disk.writeBigUInt64LE(2n, 512 + 72);
  disk.writeUInt32LE(128, 512 + 80);
  disk.writeUInt32LE(128, 512 + 84);
  disk.write(typeGuid, 1024, 'hex');
  return disk;
}
/** The first sectors of a disk with an MBR whose only partition, the active one, is of that type. */
function activePartition(type: number): Buffer {
  const disk = Buffer.alloc(1_000_448);
  disk[446] = 0x80;
  disk[450] = type;
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
const EFI_SYSTEM = '28732ac11ff8d211ba4b00a0c93ec93b';

let clock: VirtualClock;
let folder: string;
let started: Started;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms: number) => clock.advance(ms, () => started.rehost.idle());
const disk = (name: string) => join(started.source, 'db1', name);

beforeEach(async () => {
  clock = new VirtualClock();
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'datacenter', 'db1'), { recursive: true });
  started = await start({ clock, auth: 'none', servers: [], folder });
});
afterEach(async () => {
  await started.end();
  rmSync(folder, { recursive: true });
});

/** A job of the server with these disks, once its first run is over. */
async function replicated(disks: Readonly<Record<string, Buffer>>, more: object = {}): Promise<string> {
  for (const [name, bytes] of Object.entries(disks)) writeFileSync(disk(name), bytes);
  await send(new ImportServerCatalogCommand({}));
  await pass(0);
  const serverId = (await send(new GetServersCommand({}))).serverList![0]!.serverId!;
  const seedReplicationTime = new Date(clock.now());
  const { replicationJobId } = await send(
    new CreateReplicationJobCommand({ serverId, seedReplicationTime, frequency: 1, ...more }),
  );
  await pass(MINUTE);
  return replicationJobId!;
}

const firstRun = async (replicationJobId: string) =>
  (await send(new GetReplicationRunsCommand({ replicationJobId }))).replicationRunList!.at(-1)!;

function images(): LocalImage[] {
  const rows = openRows<LocalImage>(join(started.folder, 'data', 'images.db'), 'image');
  try {
    return rows.all();
  } finally {
    rows.close();
  }
}

describe('an image that is registered', () => {
  test('has its server’s name, SMS’s description and tags, and its disks as volumes that stay', async () => {
    const id = await replicated({
      'a.img': gpt(EFI_SYSTEM),
      'b.img': Buffer.alloc(700, 'data'),
      'c.img': Buffer.alloc(0),
    });
    const run = await firstRun(id);
    const [image, ...others] = images();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ state: 'COMPLETED', amiId: image!.imageId });
    expect(image!.spec).toEqual({
      name: `db1 ${run.replicationRunId}`,
      description: `SMS ReplicationJobId = ${id} ReplicationRunId = ${run.replicationRunId}`,
      architecture: 'x86_64',
      virtualizationType: 'hvm',
      bootMode: 'uefi',
      platform: 'Linux',
      enaSupport: true,
      rootDeviceName: '/dev/sda1',
      disks: [
        ['/dev/sda1', 1_000_448],
        ['/dev/sdb', 700],
        ['/dev/sdc', 0],
      ].map(([deviceName, bytes]) => ({
        deviceName,
        bytes,
        snapshotId: expect.stringMatching(/^snap-/),
        sizeGiB: 1,
        deleteOnTermination: false,
      })),
      tags: [
        { key: 'SMSJobId', value: id },
        { key: 'Name', value: 'db1' },
        { key: 'rehost:replicationRunId', value: run.replicationRunId },
        { key: 'rehost:serverId', value: expect.stringMatching(/^s-/) },
      ],
    });
  });

  test.each([
    ['a GPT without an EFI system partition', gpt('af3dc60f838472478e793d69d8477de4'), 'legacy-bios'],
    ['no partition table', Buffer.alloc(5_000, 'data'), undefined],
    ['zeros only', Buffer.alloc(5_000), undefined],
    ['its first block empty', Buffer.concat([Buffer.alloc(2 ** 20), Buffer.alloc(512, 'x')]), undefined],
  ])('starts as its boot disk says: %s', async (_, bytes, bootMode) => {
    await replicated({ 'a.img': bytes, 'b.img': gpt(EFI_SYSTEM) });
    expect(images()[0]!.spec.bootMode).toBe(bootMode);
  });

  test('starts as its source says, if that knows', async () => {
    const id = await replicated({ 'a.img': gpt(EFI_SYSTEM) });
    const { services } = started.rehost;
    const run = (await firstRun(id)).replicationRunId!;
    const { amiId: _, ...active } = (await services.store.get('ReplicationRun', run))!;
    const specs: ImageSpec[] = [];
    const register = async (spec: ImageSpec) => {
      specs.push(spec);
      throw new Error('enough');
    };
    const store = {
      ...services.store,
      get: async (kind: string, key: string) =>
        kind === 'ReplicationRun' ? { ...active, state: 'ACTIVE' } : services.store.get(kind as 'ReplicationJob', key),
    };
    const transfer = {
      disks: images()[0]!.spec.disks.map((one) => ({
        ...one,
        key: '',
        blocksTotal: 2,
        blocksCopied: 1,
        linearSha256: '',
      })),
      full: true,
    };
    const made = { ...services, store: store as never, images: { ...services.images, register } };
    for (const bootMode of ['legacy-bios', undefined] as const)
      await expect(
        registerImage({ replicationRunId: run, transfer: { ...transfer, ...(bootMode ? { bootMode } : {}) } }, made),
      ).rejects.toThrow('enough');
    expect(specs.map(({ bootMode }) => bootMode)).toEqual(['legacy-bios', 'uefi']);
  });

  test('goes with its snapshots when newer ones are enough; the newest is the parent of the next', async () => {
    await replicated(
      { 'a.img': Buffer.alloc(2_000_000, 'one'), 'b.img': Buffer.alloc(300, 'b') },
      { numberOfRecentAmisToKeep: 1 },
    );
    const snapshots = started.rehost.services.snapshots as FileSnapshots;
    const [first] = images();
    const stored = snapshots.storedBytes();
    for (let run = 0; run < 3; run++) {
      writeFileSync(disk('a.img'), Buffer.alloc(2_000_000, `run ${run}`));
      await pass(HOUR);
    }
    const [last, ...others] = images();
    expect(others).toEqual([]);
    expect(snapshots.storedBytes()).toBe(stored);
    for (const { snapshotId } of first!.spec.disks) expect(await snapshots.state(snapshotId)).toBeUndefined();
    for (const { snapshotId } of last!.spec.disks) expect(await snapshots.state(snapshotId)).toBe('completed');
  });
});

describe('an image that is to be imported', () => {
  test('fails by name on one machine, before anything is copied', async () => {
    const id = await replicated({ 'a.img': Buffer.alloc(2_000_000, 'one') }, { licenseType: 'AWS' });
    expect(await firstRun(id)).toMatchObject({
      state: 'FAILED',
      statusMessage: expect.stringMatching(
        /^ServerError: Failed to validate replication job sms-job-\w+. ConversionNeedsAwsError: job sms-job-\w+ has license type AWS, .* set it to BYOL/,
      ),
    });
    expect((started.rehost.services.snapshots as FileSnapshots).storedBytes()).toBe(0);
    expect((await send(new GetReplicationJobsCommand({ replicationJobId: id }))).replicationJobList![0]!.state).toBe(
      'ACTIVE',
    );
  });

  /** A run whose disks are copied, and services whose images are imported as `answer` says. */
  async function converting(
    answer: (spec: ImageSpec) => ImageImport,
    { boot = gpt(EFI_SYSTEM), job = { licenseType: 'BYOL' } }: { boot?: Buffer; job?: object } = {},
  ) {
    const id = await replicated({ 'a.img': boot }, { ...job, numberOfRecentAmisToKeep: 1 });
    const { services } = started.rehost;
    const { replicationRunId: runId, amiId } = await firstRun(id);
    const { amiId: _, ...run } = (await services.store.get('ReplicationRun', runId!))!;
    await services.store.transact([
      { kind: 'ReplicationRun', entity: { ...run, id: 'sms-run-00000001', state: 'ACTIVE', version: 0 }, events: [] },
    ]);
    const image = (await services.store.get('Image', amiId!))!;
    const transfer = {
      disks: image.disks.map((disk) => ({
        ...disk,
        key: 'a',
        bytes: 1,
        blocksTotal: 2,
        blocksCopied: 1,
        linearSha256: '',
      })),
      full: true,
    };
    const deregistered: string[] = [];
    const made: Services = {
      ...services,
      config: { ...services.config, finalizers: { AWS: 'import', BYOL: 'import', NONE: 'auto' } },
      images: {
        finalizers: () => ['register', 'import'],
        register: () => Promise.reject(new Error('not to be registered')),
        import: async (spec) => answer(spec),
        exists: async () => true,
        deregister: async (imageId) => void deregistered.push(imageId),
      },
    };
    const register = () => registerImage({ replicationRunId: 'sms-run-00000001', transfer }, made);
    return { made, register, id, image, deregistered };
  }

  test('tells how far the conversion is, and is recorded when it is done', async () => {
    const answers: ImageImport[] = [
      { status: 'active' },
      { status: 'active', progress: '42%' },
      { status: 'completed', imageId: 'ami-1' },
    ];
    const { made, register, image } = await converting(() => answers.shift()!);
    const run = () => made.store.get('ReplicationRun', 'sms-run-00000001');
    expect(await register()).toEqual({ converting: true });
    expect(await run()).toMatchObject({ stage: 'Converting', stageProgress: '0%', statusMessage: 'Converting' });
    expect(await register()).toEqual({ converting: true });
    expect(await run()).toMatchObject({ stage: 'Converting', stageProgress: '42%' });
    expect(await register()).toEqual({ amiId: 'ami-1' });
    expect(await made.store.get('Image', 'ami-1')).toMatchObject({
      state: 'AVAILABLE',
      disks: image.disks,
    });
    expect(await register()).toEqual({ amiId: 'ami-1' });
  });

  test('asks for the licence of its job', async () => {
    const specs: ImageSpec[] = [];
    const { register } = await converting((spec) => {
      specs.push(spec);
      return { status: 'active' };
    });
    await register();
    expect(specs).toMatchObject([{ licenseType: 'BYOL', bootMode: 'uefi', name: 'db1 sms-run-00000001' }]);
  });

  test.each([
    ['Windows on a GPT', gpt('16e3c9e35c0bb84d817df92df00215ae')],
    ['Windows on an MBR', activePartition(0x07)],
  ])('is one of %s where the job has no licence type; AWS sees which it needs', async (_, boot) => {
    const specs: ImageSpec[] = [];
    const note = (spec: ImageSpec): ImageImport => {
      specs.push(spec);
      return { status: 'completed', imageId: 'ami-1' };
    };
    const { register } = await converting(note, { boot, job: {} });
    expect(await register()).toEqual({ amiId: 'ami-1' });
    expect(specs.map(({ licenseType }) => licenseType)).toEqual([undefined]);
  });

  test.each([
    ['Linux on a GPT', gpt(EFI_SYSTEM)],
    ['Linux on an MBR', activePartition(0x83)],
  ])('is none of %s where the job has no licence type', async (_, boot) => {
    const { register } = await converting(() => ({ status: 'active' }), { boot, job: {} });
    await expect(register()).rejects.toThrow('not to be registered');
  });

  test('fails with the reason of AWS', async () => {
    const { register } = await converting(() => ({ status: 'failed', reason: 'ClientError: no valid partitions' }));
    await expect(register()).rejects.toMatchObject({
      name: 'ImageImportError',
      message: 'image db1 sms-run-00000001 was not imported: ClientError: no valid partitions',
    });
  });

  test('leaves none of the snapshots that it was made of, once newer images are enough', async () => {
    const { made, register, image, deregistered } = await converting(() => ({ status: 'completed', imageId: 'ami-1' }));
    const other = await made.snapshots.start({ sizeGiB: 1, token: 'other', tags: {}, timeoutMinutes: 60 });
    await made.store.transact([
      { kind: 'Image', entity: { ...image, disks: [{ snapshotId: other.id, sizeGiB: 1 }] }, events: [] },
    ]);
    await pass(MINUTE);
    await register();
    expect(await applyRetention({ replicationRunId: 'sms-run-00000001' }, made)).toEqual({ deregistered: [image.id] });
    expect(deregistered).toEqual([image.id]);
    expect(await made.snapshots.state(other.id)).toBeUndefined();
    expect(await made.snapshots.state(image.disks[0]!.snapshotId)).toBe('completed');
  });

  test('is asked for every minute until it is there', async () => {
    const asked: number[] = [];
    const engine = bed({
      BeginRun: async () => ({ begun: true }),
      QueueTransfer: async (input) => {
        const { taskToken } = input as { taskToken: string };
        await engine.call('SendTaskSuccess', { taskToken, output: '{"disks":[]}' });
        return {};
      },
      RegisterImage: async () => {
        asked.push(engine.clock.now());
        return (asked.length < 4 ? { converting: true } : { amiId: 'ami-1' }) as Json;
      },
      ApplyRetention: async () => ({}),
      CompleteRun: async () => ({}),
      UpdateApp: async () => ({}),
    });
    const definition = JSON.parse(substituted(readDefinition('replication-run'), lambda)) as object;
    const startAt = new Date(engine.clock.now()).toISOString();
    const input = { replicationRunId: 'sms-run-1', schedule: 0, startAt } as Json;
    const execution = await engine.start(await engine.create('replication-run', definition), input);
    await engine.pass(HOUR);
    expect(await engine.describe(execution)).toMatchObject({ status: 'SUCCEEDED' });
    expect(asked.map((at) => Math.round((at - asked[0]!) / MINUTE))).toEqual([0, 1, 2, 3]);
  });
});
