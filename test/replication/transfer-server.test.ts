import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { FileSnapshots } from '../../lib/local/file-snapshots.ts';
import { type TransferRequest, transferServer } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';

const BLOCKS = 200;
let folder: string;
let snapshots: FileSnapshots;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  await mkdir(join(folder, 'source', 'db1'), { recursive: true });
  snapshots = await FileSnapshots.open(join(folder, 'snapshots'));
});
afterEach(async () => {
  await snapshots.close();
  rmSync(folder, { recursive: true });
});

const diskPath = (name = 'disk.img') => join(folder, 'source', 'db1', name);
/** A disk with data in every third block, whose last block is not whole. */
function writeDisk() {
  const bytes = Buffer.alloc(BLOCKS * BLOCK_SIZE - 1000);
  for (let block = 0; block < BLOCKS; block += 3)
    bytes.fill(`block ${block} `, block * BLOCK_SIZE, Math.min(bytes.length, (block + 1) * BLOCK_SIZE));
  bytes.fill('tail', bytes.length - 10);
  writeFileSync(diskPath(), bytes);
}

const request = (runId: string): TransferRequest => ({
  runId,
  jobId: 'sms-job-1',
  attempt: 1,
  vmId: 'db1',
  description: 'd',
  tags: {},
});
const transfer = (runId: string, more: object = {}) =>
  transferServer(request(runId), {
    source: imagesSource(join(folder, 'source')),
    snapshots,
    stateFolder: join(folder, 'state'),
    onProgress: () => {},
    ...more,
  });

/** The bytes of the snapshot, cut to the length of the disk. */
async function bytesOf(snapshotId: string, size: number) {
  const blocks: Buffer[] = [];
  for (let index = 0; index * BLOCK_SIZE < size; index++) blocks.push(await snapshots.read(snapshotId, index));
  return Buffer.concat(blocks).subarray(0, size);
}

async function overwrite(block: number, data: string | number) {
  const file = await open(diskPath(), 'r+');
  await file.write(Buffer.alloc(BLOCK_SIZE, data), 0, BLOCK_SIZE, block * BLOCK_SIZE);
  await file.close();
}

describe('a server of an image folder', () => {
  test('has the same bytes in its snapshot, and zero blocks are not stored', async () => {
    writeDisk();
    const { disks } = await transfer('run-1');
    const [disk] = disks;
    const source = await readFile(diskPath());
    expect((await bytesOf(disk!.snapshotId, source.length)).equals(source)).toBe(true);
    expect(disk).toMatchObject({ key: 'disk.img', sizeGiB: 1, blocks: BLOCKS, blocksWritten: 68 });
  });

  test('is brought up to date by the blocks that changed alone', async () => {
    writeDisk();
    const first = await transfer('run-1');
    const stored = snapshots.storedBytes();
    await overwrite(3, 'x');
    await overwrite(100, 'y');
    const second = await transfer('run-2');

    expect(second.disks[0]!.blocksWritten).toBe(2);
    expect(snapshots.storedBytes() - stored).toBe(2 * BLOCK_SIZE);
    const source = await readFile(diskPath());
    expect((await bytesOf(second.disks[0]!.snapshotId, source.length)).equals(source)).toBe(true);
    expect((await bytesOf(first.disks[0]!.snapshotId, source.length)).equals(source)).toBe(false);
  });

  test('shows a block that became zero as zero', async () => {
    writeDisk();
    await transfer('run-1');
    await overwrite(6, 0);
    const { disks } = await transfer('run-2');
    expect(disks[0]!.blocksWritten).toBe(1);
    expect(await snapshots.read(disks[0]!.snapshotId, 6)).toEqual(Buffer.alloc(BLOCK_SIZE));
  });

  test('answers the recorded result when the same run comes again', async () => {
    writeDisk();
    expect(await transfer('run-1')).toEqual(await transfer('run-1'));
  });

  test('keeps what later snapshots inherited when an earlier one is removed', async () => {
    writeDisk();
    const first = await transfer('run-1');
    await overwrite(3, 'x');
    const second = await transfer('run-2');
    await snapshots.remove(first.disks[0]!.snapshotId);
    const source = await readFile(diskPath());
    expect((await bytesOf(second.disks[0]!.snapshotId, source.length)).equals(source)).toBe(true);
    await snapshots.remove(second.disks[0]!.snapshotId);
    expect(snapshots.storedBytes()).toBe(0);
  });

  test('resumes an interrupted copy without putting a block twice', async () => {
    writeDisk();
    const stop = new AbortController();
    const onProgress = ({ bytesDone }: { bytesDone: number }) => bytesDone > 100 * BLOCK_SIZE && stop.abort();
    await expect(transfer('run-1', { onProgress, signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });

    const puts: number[] = [];
    const counting = new Proxy(snapshots, {
      get(target, member) {
        const value = Reflect.get(target, member) as unknown;
        if (member === 'put') {
          return (id: string, block: { index: number; data: Buffer; sha256: Buffer }) => {
            puts.push(block.index);
            return target.put(id, block);
          };
        }
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    const { disks } = await transfer('run-1', { snapshots: counting });
    expect(puts.length).toBeLessThan(40);
    const source = await readFile(diskPath());
    expect((await bytesOf(disks[0]!.snapshotId, source.length)).equals(source)).toBe(true);
  });

  test('fails by name when a disk is written during the copy, and the baseline stays', async () => {
    writeDisk();
    let written = false;
    const onProgress = ({ bytesDone }: { bytesDone: number }) => {
      if (written || bytesDone === 0) return;
      const bytes = Buffer.alloc(BLOCK_SIZE, 'z');
      writeFileSync(diskPath(), bytes, { flag: 'r+' });
      written = true;
    };
    await expect(transfer('run-1', { onProgress })).rejects.toMatchObject({ name: 'DiskChangedError' });
    expect((await transfer('run-2')).disks[0]!.blocksWritten).toBe(68);
  });

  test('fails by name when a disk shrank', async () => {
    writeDisk();
    await transfer('run-1');
    writeFileSync(diskPath(), 'short');
    await expect(transfer('run-2')).rejects.toMatchObject({ name: 'DiskShrunkError' });
  });

  test('fails by name when there is no such server, or its disk is not raw', async () => {
    await expect(
      transferServer(
        { ...request('r'), vmId: 'nobody' },
        { source: imagesSource(join(folder, 'source')), snapshots, stateFolder: folder, onProgress: () => {} },
      ),
    ).rejects.toMatchObject({ name: 'ServerNotFoundError' });
    writeFileSync(diskPath('disk.vmdk'), '');
    await expect(transfer('run-1')).rejects.toMatchObject({ name: 'UnsupportedDiskError' });
  });

  test('may have an empty disk', async () => {
    writeFileSync(diskPath(), '');
    expect((await transfer('run-1')).disks).toMatchObject([{ blocks: 0, blocksWritten: 0, sizeGiB: 1 }]);
  });
});

test('a block with a wrong checksum is refused and not stored', async () => {
  const { id } = await snapshots.start({ sizeGiB: 1, token: 't', description: '', tags: {} });
  const block = { index: 0, data: Buffer.alloc(BLOCK_SIZE, 1), sha256: Buffer.alloc(32) };
  await expect(snapshots.put(id, block)).rejects.toMatchObject({ name: 'ChecksumMismatchError' });
  expect(snapshots.storedBytes()).toBe(0);
});
