import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { ChangesUnknownError, type Disk, type Extent, type Point, type Source } from '../../lib/connector/source.ts';
import { BLOCK_SIZE, SnapshotSpecError, SnapshotStateError, type Snapshots } from '../../lib/snapshots.ts';
import { type DataCentre, demandSameBytes, openDataCentre, recording } from './data-centre.ts';
import { tracking } from './tracking.ts';

const DISK = 'disk0.img';
const BLOCKS = 8;
let centre: DataCentre;
let run: number;

beforeEach(async () => {
  centre = await openDataCentre();
  await centre.write(DISK, Buffer.alloc(BLOCKS * BLOCK_SIZE, 'first'));
  run = 0;
});
afterEach(() => centre.close());

const extent = (block: number): Extent => ({ offset: block * BLOCK_SIZE, length: BLOCK_SIZE });

/** The folder, but with a list of changes: what the test says, and what was read. */
function trackingSource(changed: () => readonly Extent[] | undefined): Source & { readonly read: Set<number> } {
  const read = new Set<number>();
  const source = tracking(readingInto(read, imagesSource(`${centre.folder}/source`)), {
    instant: () => 'some instant',
    changedSince() {
      const extents = changed();
      if (!extents) throw new ChangesUnknownError('the list was reset');
      return extents;
    },
  });
  return { ...source, read };
}

/** The source, whose disks note which blocks are read. */
function readingInto(read: Set<number>, source: Source): Source {
  const note = (disk: Disk): Disk => ({
    ...disk,
    async read(offset, into) {
      for (let at = offset; at < offset + into.length; at += BLOCK_SIZE) read.add(at / BLOCK_SIZE);
      return disk.read(offset, into);
    },
  });
  const notePoint = (point: Point): Point => ({ ...point, disks: async () => (await point.disks()).map(note) });
  return { ...source, freeze: async (...asked) => (await source.freeze(...asked)).map(notePoint) };
}

/** The next run; answers which blocks were read, and what became of the disk. */
async function next(changed: readonly Extent[] | undefined, more: object = {}) {
  const source = trackingSource(() => changed);
  const { disks, full } = await centre.transfer(`run-${++run}`, { source, ...more });
  return { full, read: [...source.read].sort(), ...disks[0]! };
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe('the list of a source that tracks changes', () => {
  test('is all that is read, but every so many runs all blocks are', async () => {
    const reads: number[][] = [];
    for (let count = 1; count <= 9; count++) {
      await centre.overwrite(DISK, 3, `run ${count}`);
      const { read, snapshotId } = await next([extent(3)], { scanEvery: 4 });
      reads.push(read);
      await demandSameBytes(centre.snapshots, snapshotId, centre.path(DISK));
    }
    expect(reads).toEqual([ALL, [3], [3], [3], ALL, [3], [3], [3], ALL]);
  });

  test('is believed for ten runs unless told', async () => {
    const lengths: number[] = [];
    for (let count = 1; count <= 12; count++) lengths.push((await next([])).read.length);
    expect(lengths).toEqual([BLOCKS, 0, 0, 0, 0, 0, 0, 0, 0, 0, BLOCKS, 0]);
  });

  test('that missed changes is told of, and not believed until a scan finds nothing else', async () => {
    const scanEvery = 2;
    await next([], { scanEvery });
    await centre.overwrite(DISK, 5, 'not listed');
    expect(await next([], { scanEvery })).toMatchObject({ blocksCopied: 0 });
    const scanned = await next([], { scanEvery });
    expect(scanned).toMatchObject({ read: ALL, blocksCopied: 1, changeTrackingMissed: 1 });
    await demandSameBytes(centre.snapshots, scanned.snapshotId, centre.path(DISK));
    const again = await next([], { scanEvery });
    expect(again.read).toEqual(ALL);
    expect(again).not.toHaveProperty('changeTrackingMissed');
    expect((await next([], { scanEvery })).read).toEqual([]);
  });

  test('that was lost is replaced by a scan', async () => {
    await next([]);
    await centre.overwrite(DISK, 5, 'changed');
    expect(await next(undefined)).toMatchObject({ read: ALL, blocksCopied: 1, full: false });
  });

  test('need not name what lies behind the old end of a disk that grew', async () => {
    await next([]);
    await centre.write(DISK, Buffer.concat([Buffer.alloc(BLOCKS * BLOCK_SIZE, 'first'), Buffer.alloc(700, 'grown')]));
    const { snapshotId, read } = await next([]);
    expect(read).toEqual([BLOCKS]);
    await demandSameBytes(centre.snapshots, snapshotId, centre.path(DISK));
  });
});

describe('a disk is copied whole', () => {
  test.each<[string, () => Error]>([
    ['is gone when the snapshot is begun', () => new SnapshotStateError('there is no such snapshot')],
    ['may not be built on, as with encryption by default', () => new SnapshotSpecError('the parent is not encrypted')],
  ])('when its parent %s', async (_, refusal) => {
    await next([]);
    const store = recording(centre.snapshots);
    const start: Snapshots['start'] = async (spec) => {
      if (spec.parent) throw refusal();
      return store.start(spec);
    };
    const second = await next([], { snapshots: { ...store, start } });
    expect(second).toMatchObject({ full: true, read: ALL, blocksCopied: BLOCKS });
    await demandSameBytes(centre.snapshots, second.snapshotId, centre.path(DISK));
  });

  test('when the job is given another key, which its parent does not have; then increments go on', async () => {
    const arn = (key: string) => ({ kmsKeyArn: `arn:aws:kms:us-east-1:000000000000:key/${key}` });
    const keyOf = (id: string) => centre.snapshots.describe(id)?.kmsKeyArn;
    expect(keyOf((await next([])).snapshotId)).toBeUndefined();
    const second = await next([], arn('one'));
    expect([second.full, keyOf(second.snapshotId)]).toEqual([true, arn('one').kmsKeyArn]);
    const third = await next([], arn('one'));
    expect([third.full, third.blocksCopied, keyOf(third.snapshotId)]).toEqual([false, 0, arn('one').kmsKeyArn]);
    const fourth = await next([], arn('two'));
    expect([fourth.full, keyOf(fourth.snapshotId)]).toEqual([true, arn('two').kmsKeyArn]);
  });

  test('and its interrupted snapshot removed, when the key changes in the middle of a run', async () => {
    const stop = { signal: AbortSignal.abort() };
    await expect(next([], stop)).rejects.toThrow();
    run--;
    const { snapshotId } = await next([], { kmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/one' });
    expect(centre.snapshots.describeAll().map(({ id }) => id)).toEqual([snapshotId]);
  });
});

const rottenData = Buffer.alloc(BLOCK_SIZE, 'rotten');
const ROTTEN = { data: rottenData, sha256: createHash('sha256').update(rottenData).digest() };

describe('verification', () => {
  /** A store that answers other bytes for a block, and says which were read. */
  function rotten(block?: number) {
    const store = recording(centre.snapshots);
    const reads: number[] = [];
    const read: Snapshots['read'] = async (id, index, token) => {
      reads.push(index);
      const answer = await store.read(id, index, token);
      return index === block ? ROTTEN : answer;
    };
    return { snapshots: { ...store, read }, reads };
  }

  beforeEach(() => centre.write(DISK, Buffer.alloc(100 * BLOCK_SIZE, 'first')));

  test.each([
    ['listing', 0, 0],
    ['samples', 16, 17],
    ['full', 100, 100],
  ] as const)('by %s reads %i to %i blocks of 100', async (verification, least, most) => {
    const { snapshots, reads } = rotten();
    await next([], { snapshots, verification });
    expect(new Set(reads).size).toBe(reads.length);
    expect(reads.length).toBeGreaterThanOrEqual(least);
    expect(reads.length).toBeLessThanOrEqual(most);
  });

  test.each([0, 77, 99])(
    'in full finds one block that is not what was put (%i), and the run begins anew',
    async (block) => {
      const { snapshots } = rotten(block);
      await expect(next([], { snapshots, verification: 'full' })).rejects.toMatchObject({
        name: 'VerificationError',
        message: expect.stringContaining(`block ${block} of snapshot snap-`),
      });
      expect(centre.snapshots.describeAll()).toEqual([]);
    },
  );

  test('in full reads what was inherited, and tells how far it is', async () => {
    await next([]);
    await centre.overwrite(DISK, 3, 'changed');
    const reports: object[] = [];
    const { snapshots, reads } = rotten();
    await next([extent(3)], { snapshots, verification: 'full', onProgress: (report: object) => reports.push(report) });
    expect(reads.length).toBe(100);
    const bytesTotal = 100 * BLOCK_SIZE;
    expect(reports).toContainEqual({ stage: 'Preparing', bytesDone: 0, bytesTotal });
    expect(reports.at(-2)).toMatchObject({ stage: 'Preparing', bytesDone: bytesTotal, bytesTotal });
  });

  test('waits for a snapshot that the store shows late, and gives one up that stays away', async () => {
    const store = recording(centre.snapshots);
    let asked = 0;
    const late =
      (answers: number): Snapshots['state'] =>
      async (id) =>
        ++asked <= answers ? undefined : store.state(id);
    const slow = await next([], { snapshots: { ...store, state: late(2) } });
    await demandSameBytes(centre.snapshots, slow.snapshotId, centre.path(DISK));
    const gone = { ...store, state: async () => undefined };
    await expect(next([], { snapshots: gone })).rejects.toMatchObject({ name: 'SnapshotStateError' });
  });
});
