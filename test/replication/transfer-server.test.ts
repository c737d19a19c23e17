import { rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import type { Point, Source } from '../../lib/connector/source.ts';
import { forgetJob } from '../../lib/replication/forget-job.ts';
import type { TransferProgress } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { bytesOf, type DataCentre, demandSameBytes, openDataCentre, recording } from './data-centre.ts';

const BLOCKS = 20;
const DISK = 'disk0.img';
let centre: DataCentre;

beforeEach(async () => {
  centre = await openDataCentre();
});
afterEach(() => centre.close());

/** Data in every second block, all different; the last block is not whole. */
function halfFull(): Buffer {
  const bytes = Buffer.alloc(BLOCKS * BLOCK_SIZE - 1000);
  for (let block = 0; block < BLOCKS; block += 2) bytes.write(`block ${block} `, block * BLOCK_SIZE);
  bytes.write('tail', bytes.length - 4);
  return bytes;
}

const only = <T>([one, ...others]: readonly T[]): T => {
  if (!one || others.length > 0) throw new Error('there is not exactly one');
  return one;
};

/** Transfers until the store goes away before it completes the snapshot; the snapshot that is left. */
async function interruptedCopy(): Promise<string> {
  const store = recording(centre.snapshots);
  let target = '';
  const complete: typeof store.complete = async (id) => {
    target = id;
    throw new Error('the store went away');
  };
  await expect(centre.transfer('run-1', { snapshots: { ...store, complete } })).rejects.toThrow('went away');
  return target;
}

const same = (id: string, disk = DISK) => demandSameBytes(centre.snapshots, id, centre.path(disk));

describe('a first run', () => {
  test('copies every byte, and stores no block of zeros', async () => {
    await centre.write(DISK, halfFull());
    const result = await centre.transfer('run-1');
    const disk = only(result.disks);
    await same(disk.snapshotId);
    expect(result.full).toBe(true);
    expect(disk).toMatchObject({
      key: DISK,
      sizeGiB: 1,
      bytes: BLOCKS * BLOCK_SIZE - 1000,
      blocksTotal: 20,
      blocksCopied: 11,
    });
    expect(centre.snapshots.storedBytes()).toBe(11 * BLOCK_SIZE);
  });

  test('copies all disks of the server in the order of their names', async () => {
    await centre.write('b.img', Buffer.alloc(BLOCK_SIZE * 3, 'b'));
    await centre.write('a.img', Buffer.alloc(BLOCK_SIZE * 2, 'a'));
    const { disks } = await centre.transfer('run-1');
    expect(disks.map(({ key }) => key)).toEqual(['a.img', 'b.img']);
    await same(disks[0]!.snapshotId, 'a.img');
    await same(disks[1]!.snapshotId, 'b.img');
  });

  test('makes an empty snapshot of an empty disk', async () => {
    await centre.write(DISK, Buffer.alloc(0));
    expect(only((await centre.transfer('run-1')).disks)).toMatchObject({ blocksTotal: 0, blocksCopied: 0, sizeGiB: 1 });
  });

  test('keeps one copy of blocks that are equal', async () => {
    await centre.write(DISK, Buffer.alloc(20 * BLOCK_SIZE, 'same'));
    const disk = only((await centre.transfer('run-1')).disks);
    expect(disk.blocksCopied).toBe(20);
    expect(centre.snapshots.storedBytes()).toBe(BLOCK_SIZE);
    await same(disk.snapshotId);
  });

  test('reports its stages and bytes in order, up to all of them', async () => {
    await centre.write(DISK, halfFull());
    const reports: TransferProgress[] = [];
    await centre.transfer('run-1', { onProgress: (report) => reports.push(report) });
    const bytesTotal = BLOCKS * BLOCK_SIZE;
    expect(reports[0]).toEqual({ stage: 'Validating', bytesDone: 0, bytesTotal: 0 });
    expect(reports[1]).toEqual({ stage: 'Uploading', bytesDone: 0, bytesTotal });
    expect(reports.slice(-3)).toMatchObject([
      { stage: 'Uploading', bytesDone: bytesTotal, bytesTotal },
      { stage: 'Preparing', bytesDone: bytesTotal, bytesTotal },
      { stage: 'Completed', bytesDone: bytesTotal, bytesTotal },
    ]);
  });
});

describe('a later run', () => {
  beforeEach(async () => {
    await centre.write(DISK, halfFull());
    await centre.transfer('run-1');
  });

  test('stores only the blocks that changed, and leaves the earlier snapshot as it was', async () => {
    const first = only((await centre.transfer('run-1')).disks);
    const before = await bytesOf(centre.snapshots, first.snapshotId, first.bytes);
    const stored = centre.snapshots.storedBytes();
    await centre.overwrite(DISK, 4, 'changed');
    const second = await centre.transfer('run-2');
    const disk = only(second.disks);
    expect(second.full).toBe(false);
    expect(disk.blocksCopied).toBe(1);
    expect(centre.snapshots.storedBytes() - stored).toBe(BLOCK_SIZE);
    await same(disk.snapshotId);
    expect((await bytesOf(centre.snapshots, first.snapshotId, first.bytes)).equals(before)).toBe(true);
  });

  test('copies nothing when nothing changed', async () => {
    const disk = only((await centre.transfer('run-2')).disks);
    expect(disk.blocksCopied).toBe(0);
    await same(disk.snapshotId);
  });

  test('writes zeros where data became zero, once, and data where zeros were', async () => {
    await centre.overwrite(DISK, 4, 0);
    await centre.overwrite(DISK, 5, 'new');
    const second = only((await centre.transfer('run-2')).disks);
    expect(second.blocksCopied).toBe(2);
    await same(second.snapshotId);
    const third = only((await centre.transfer('run-3')).disks);
    expect(third.blocksCopied).toBe(0);
    await same(third.snapshotId);
  });

  test('takes a disk that grew, one that appeared, and lets go of one that vanished', async () => {
    await truncate(centre.path(DISK), 60 * BLOCK_SIZE);
    await centre.overwrite(DISK, 50, 'beyond');
    await centre.write('disk1.img', Buffer.alloc(BLOCK_SIZE, 'one'));
    const second = await centre.transfer('run-2');
    // The old end lay inside a block, whose padding was zeros: growing changed no byte of it.
    expect(second.disks).toMatchObject([{ blocksCopied: 1, bytes: 60 * BLOCK_SIZE }, { blocksCopied: 1 }]);
    expect(second.full).toBe(false);
    await same(second.disks[0]!.snapshotId);
    await rm(centre.path('disk1.img'));
    expect((await centre.transfer('run-3')).disks).toMatchObject([{ key: DISK, blocksCopied: 0 }]);
  });

  test('fails by name when a disk shrank, and the next run can go on', async () => {
    await truncate(centre.path(DISK), 10 * BLOCK_SIZE);
    await expect(centre.transfer('run-2')).rejects.toMatchObject({
      name: 'DiskShrunkError',
      message: `disk ${DISK} of db1 shrank from 10484760 to 5242880 bytes; delete the replication job and create another for a full copy`,
    });
    await truncate(centre.path(DISK), BLOCKS * BLOCK_SIZE);
    await same(only((await centre.transfer('run-3')).disks).snapshotId);
  });

  test('copies the whole disk when its parent is no longer there', async () => {
    await centre.snapshots.remove(only((await centre.transfer('run-1')).disks).snapshotId);
    const second = await centre.transfer('run-2');
    expect(second.full).toBe(true);
    expect(only(second.disks).blocksCopied).toBe(11);
    await same(only(second.disks).snapshotId);
  });

  test('begins anew once the job was forgotten', async () => {
    await forgetJob('sms-job-1', join(centre.folder, 'state'));
    expect((await centre.transfer('run-2')).full).toBe(true);
  });

  test('keeps its bytes when earlier snapshots are removed', async () => {
    const first = only((await centre.transfer('run-1')).disks);
    await centre.overwrite(DISK, 4, 'changed');
    const second = only((await centre.transfer('run-2')).disks);
    await centre.snapshots.remove(first.snapshotId);
    await same(second.snapshotId);
    expect(centre.snapshots.storedBytes()).toBe(11 * BLOCK_SIZE);
    await centre.snapshots.remove(second.snapshotId);
    expect(centre.snapshots.storedBytes()).toBe(0);
  });
});

describe('the same run again', () => {
  test('answers the recorded result and reads nothing', async () => {
    await centre.write(DISK, halfFull());
    const first = await centre.transfer('run-1');
    await rm(centre.path(DISK));
    expect(await centre.transfer('run-1')).toEqual(first);
    expect(await centre.transfer('run-1', { attempt: 2 })).toEqual(first);
  });

  test('resumes an interrupted copy without putting a block twice', async () => {
    await centre.write(DISK, halfFull());
    const store = recording(centre.snapshots);
    const stop = new AbortController();
    const put: typeof store.put = async (id, index, data, sha256) => {
      if (store.puts.length === 1) stop.abort();
      return store.put(id, index, data, sha256);
    };
    const interrupted = centre.transfer('run-1', { snapshots: { ...store, put }, signal: stop.signal });
    await expect(interrupted).rejects.toMatchObject({ name: 'AbortError' });
    const disk = only((await centre.transfer('run-1', { snapshots: store })).disks);
    expect(store.puts.toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 10 }, (_, i) => 2 * i), 19]);
    expect(disk.blocksCopied).toBe(11);
    await same(disk.snapshotId);
  });

  test('begins anew when the disk changed in between, and leaves one snapshot', async () => {
    await centre.write(DISK, halfFull());
    const stop = AbortSignal.abort();
    await expect(centre.transfer('run-1', { signal: stop })).rejects.toMatchObject({ name: 'AbortError' });
    await centre.overwrite(DISK, 0, 'changed');
    const started: string[] = [];
    const start: typeof centre.snapshots.start = async (spec) => {
      const answer = await centre.snapshots.start(spec);
      started.push(answer.id);
      return answer;
    };
    await expect(
      centre.transfer('run-1', { signal: stop, snapshots: { ...recording(centre.snapshots), start } }),
    ).rejects.toThrow();
    const disk = only((await centre.transfer('run-1')).disks);
    await same(disk.snapshotId);
    expect(started).toEqual([disk.snapshotId]);
  });

  test('begins anew when the snapshot of the interrupted copy is gone', async () => {
    await centre.write(DISK, halfFull());
    const target = await interruptedCopy();
    await centre.snapshots.remove(target);
    const disk = only((await centre.transfer('run-1')).disks);
    expect(disk.snapshotId).not.toBe(target);
    await same(disk.snapshotId);
  });

  test('leaves nothing of an attempt behind once another is made', async () => {
    await centre.write(DISK, halfFull());
    const target = await interruptedCopy();
    await centre.transfer('run-1', { attempt: 2 });
    expect(await centre.snapshots.state(target)).toBeUndefined();
  });
});

/** A source that counts the points it has open. */
function counting(source: Source) {
  const open = new Set<Point>();
  const counted = (point: Point): Point => {
    open.add(point);
    const end = (how: 'close' | 'release') => async () => {
      open.delete(point);
      await point[how]();
    };
    return { ...point, close: end('close'), release: end('release') };
  };
  return {
    open,
    source: {
      ...source,
      freeze: async (...asked: Parameters<Source['freeze']>) => (await source.freeze(...asked)).map(counted),
      async reopen(ref: string) {
        const point = await source.reopen(ref);
        return point && counted(point);
      },
    },
  };
}

describe('what fails', () => {
  test('leaves no point open when the store does not tell the state of what was copied, or nothing can be noted', async () => {
    await centre.write(DISK, halfFull());
    const { source, open } = counting(imagesSource(join(centre.folder, 'source')));
    const store = recording(centre.snapshots);
    const broken = async () => Promise.reject(new Error('the store went away'));
    const interrupted = centre.transfer('run-1', { source, snapshots: { ...store, complete: broken } });
    await expect(interrupted).rejects.toThrow('went away');
    const resumed = centre.transfer('run-1', { source, snapshots: { ...store, state: broken } });
    await expect(resumed).rejects.toThrow('went away');
    expect(open.size).toBe(0);

    const noted = join(centre.folder, 'state', 'sms-job-1');
    const freeze = async (...asked: Parameters<Source['freeze']>) => {
      await rm(noted, { recursive: true });
      await writeFile(noted, 'in the way of what is noted');
      return source.freeze(...asked);
    };
    await expect(centre.transfer('run-2', { source: { ...source, freeze } })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(open.size).toBe(0);
  });

  test('fails by name when a disk is written while it is copied; the baseline stays, and no snapshot is left', async () => {
    await centre.write(DISK, halfFull());
    await centre.transfer('run-1');
    const stored = centre.snapshots.storedBytes();
    let written = false;
    const onProgress = ({ stage }: TransferProgress) => {
      if (stage !== 'Uploading' || written) return;
      written = true;
      // What a writer that hides does: the same size and modification time.
      const file = centre.path(DISK);
      void utimes(file, new Date(0), new Date(0));
    };
    await centre.overwrite(DISK, 0, 'changed');
    await expect(centre.transfer('run-2', { onProgress })).rejects.toMatchObject({ name: 'DiskChangedError' });
    expect(centre.snapshots.storedBytes()).toBe(stored);
    expect(only((await centre.transfer('run-2')).disks).blocksCopied).toBe(1);
  });

  test('fails by name when there is no such server', async () => {
    await expect(centre.transfer('run-1', { vmId: 'nobody' })).rejects.toMatchObject({ name: 'ServerNotFoundError' });
  });

  test('fails by name when a disk is of a format that is not read', async () => {
    await centre.write('disk.vdi', Buffer.from('<<<'));
    await expect(centre.transfer('run-1')).rejects.toMatchObject({
      name: 'ServerCheckError',
      message: expect.stringMatching(/^server db1: .*disk.vdi is a VirtualBox image, which is not read; convert it/),
    });
  });

  test('fails by name when the store lost a block, and the next call copies again', async () => {
    await centre.write(DISK, halfFull());
    const store = recording(centre.snapshots);
    const forgetful = { ...store, put: async () => ({ throttles: 0 }) };
    await expect(centre.transfer('run-1', { snapshots: forgetful })).rejects.toMatchObject({
      name: 'IncompleteSnapshotError',
    });
    await same(only((await centre.transfer('run-1')).disks).snapshotId);
  });

  test('fails by name when the sealed snapshot has other bytes; the baseline does not move', async () => {
    await centre.write(DISK, halfFull());
    const store = recording(centre.snapshots);
    const read = async () => ({ data: Buffer.alloc(BLOCK_SIZE, 'rotten'), sha256: Buffer.alloc(32, 'of that') });
    await expect(centre.transfer('run-1', { snapshots: { ...store, read } })).rejects.toMatchObject({
      name: 'VerificationError',
    });
    expect(centre.snapshots.storedBytes()).toBe(0);
    expect((await centre.transfer('run-2')).full).toBe(true);
  });
});
