import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FileSnapshots, openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { BLOCK_SIZE, blocksOf, type SnapshotSpec } from '../../lib/snapshots.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { wrongsOf } from './check-store.ts';

let folder: string;
let clock: VirtualClock;
let snapshots: FileSnapshots;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  clock = new VirtualClock();
  snapshots = await openFileSnapshots(folder, { clock });
});
afterEach(async () => {
  await snapshots.close();
  expect(await wrongsOf(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

async function reopen() {
  await snapshots.close();
  snapshots = await openFileSnapshots(folder, { clock });
}

const spec = (token: string, more: Partial<SnapshotSpec> = {}): SnapshotSpec => ({
  sizeGiB: 1,
  token,
  tags: {},
  timeoutMinutes: 60,
  ...more,
});
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const block = (content: string | number) => Buffer.alloc(BLOCK_SIZE, content);
const put = (id: string, index: number, data: Buffer) => snapshots.put(id, index, data, sha256(data));
const sealOf = (...datas: Buffer[]) => ({ written: datas.length, linear: sha256(Buffer.concat(datas.map(sha256))) });

type Blocks = Readonly<Record<number, string>>;

/** A completed snapshot with these blocks. */
async function made(token: string, blocks: Blocks, more: Partial<SnapshotSpec> = {}): Promise<string> {
  const { id } = await snapshots.start(spec(token, more));
  for (const [index, content] of Object.entries(blocks)) await put(id, Number(index), block(content));
  await snapshots.complete(id, sealOf(...Object.values(blocks).map(block)));
  return id;
}

/** What the snapshot's blocks begin with. */
async function contentOf(id: string): Promise<Blocks> {
  const content: Record<number, string> = {};
  for await (const { index, token } of snapshots.list(id)) {
    const { data, sha256: digest } = await snapshots.read(id, index, token);
    expect(sha256(data).equals(digest)).toBe(true);
    content[index] = data.toString('latin1', 0, 1);
  }
  return content;
}

const changed = async (first: string, second: string) => {
  const indexes: number[] = [];
  for await (const { index } of snapshots.changed(first, second)) indexes.push(index);
  return indexes;
};

describe('a snapshot', () => {
  test('holds what was put, in the form of ids and blocks that EBS has', async () => {
    const { id, blockSize } = await snapshots.start(spec('one'));
    expect(id).toMatch(/^snap-[0-9a-f]{17}$/);
    expect(blockSize).toBe(524_288);
    expect(await snapshots.state(id)).toBe('pending');
    await put(id, 2, block('b'));
    await put(id, 0, block('a'));
    await snapshots.complete(id, sealOf(block('a'), block('b')));
    expect(await snapshots.state(id)).toBe('completed');
    expect(await contentOf(id)).toEqual({ 0: 'a', 2: 'b' });
    await reopen();
    expect(await contentOf(id)).toEqual({ 0: 'a', 2: 'b' });
  });

  test('holds the last of what was put at an index while it was pending', async () => {
    const { id } = await snapshots.start(spec('one'));
    await put(id, 0, block('a'));
    await put(id, 0, block('b'));
    await put(id, 0, block('b'));
    await snapshots.complete(id, sealOf(block('b')));
    expect(await contentOf(id)).toEqual({ 0: 'b' });
    expect(snapshots.storedBytes()).toBe(BLOCK_SIZE);
  });

  test('keeps equal blocks once, also when they come at the same time', async () => {
    const { id } = await snapshots.start(spec('one'));
    await Promise.all([0, 1, 2, 3].map((index) => put(id, index, block('same'))));
    await snapshots.complete(id, sealOf(...[0, 1, 2, 3].map(() => block('same'))));
    expect(snapshots.storedBytes()).toBe(BLOCK_SIZE);
  });

  test('may be sealed again with the same figures, and not with others', async () => {
    const id = await made('one', { 0: 'a' });
    await snapshots.complete(id, sealOf(block('a')));
    await expect(snapshots.complete(id, sealOf(block('b')))).rejects.toMatchObject({ name: 'IncompleteSnapshotError' });
  });

  test('goes to error when nobody puts for its timeout', async () => {
    const { id } = await snapshots.start(spec('one', { timeoutMinutes: 10 }));
    await clock.advance(9 * 60_000);
    await put(id, 0, block('a'));
    await clock.advance(9 * 60_000);
    expect(await snapshots.state(id)).toBe('pending');
    await clock.advance(2 * 60_000);
    expect(await snapshots.state(id)).toBe('error');
    await expect(put(id, 0, block('a'))).rejects.toMatchObject({
      name: 'SnapshotStateError',
      message: `snapshot ${id} got no block for 10 minutes; start another`,
    });
    await expect(snapshots.complete(id, sealOf(block('a')))).rejects.toMatchObject({ name: 'SnapshotStateError' });
    await snapshots.remove(id);
    expect(snapshots.storedBytes()).toBe(0);
  });
});

describe('what fails and changes nothing', () => {
  test('fails to put a block with a wrong checksum', async () => {
    const { id } = await snapshots.start(spec('one'));
    await expect(snapshots.put(id, 0, block('a'), Buffer.alloc(32))).rejects.toMatchObject({
      name: 'ChecksumMismatchError',
      message: `block 0 of ${id} does not have the SHA-256 that came with it; send it again`,
    });
    expect(snapshots.storedBytes()).toBe(0);
    await snapshots.complete(id, sealOf());
  });

  test.each([
    ['that is too short', 0, Buffer.alloc(100)],
    ['behind the end', 2048, Buffer.alloc(BLOCK_SIZE)],
    ['before the beginning', -1, Buffer.alloc(BLOCK_SIZE)],
  ])('fails to put a block %s', async (_, index, data) => {
    const { id } = await snapshots.start(spec('one'));
    await expect(put(id, index, data)).rejects.toMatchObject({ name: 'InvalidBlockError' });
  });

  test('fails to put into a snapshot that is completed, removed, or never was', async () => {
    const id = await made('one', { 0: 'a' });
    await expect(put(id, 1, block('b'))).rejects.toMatchObject({ name: 'SnapshotStateError' });
    await snapshots.remove(id);
    await expect(put(id, 1, block('b'))).rejects.toMatchObject({ name: 'SnapshotStateError' });
    await expect(put('snap-0', 1, block('b'))).rejects.toThrow('there is no snapshot snap-0');
    expect(snapshots.storedBytes()).toBe(0);
  });

  test('fails to complete with another count or sum, and can be completed then', async () => {
    const { id } = await snapshots.start(spec('one'));
    await put(id, 0, block('a'));
    await expect(snapshots.complete(id, sealOf())).rejects.toThrow('holds 1 blocks, 0 were announced');
    await expect(snapshots.complete(id, sealOf(block('b')))).rejects.toThrow('do not add up to the checksum');
    await put(id, 1, block('b'));
    await snapshots.complete(id, sealOf(block('a'), block('b')));
  });

  test("fails to read a pending snapshot, a block that is not there, or with another block's token", async () => {
    const { id } = await snapshots.start(spec('one'));
    await put(id, 0, block('a'));
    await put(id, 1, block('b'));
    await expect(contentOf(id)).rejects.toMatchObject({ name: 'SnapshotStateError' });
    await snapshots.complete(id, sealOf(block('a'), block('b')));
    const tokens: string[] = [];
    for await (const { token } of snapshots.list(id)) tokens.push(token);
    await expect(snapshots.read(id, 1, tokens[0]!)).rejects.toMatchObject({ name: 'InvalidBlockError' });
    await expect(snapshots.read(id, 2, tokens[0]!)).rejects.toMatchObject({ name: 'InvalidBlockError' });
  });

  test.each<[string, Partial<SnapshotSpec>, string]>([
    ['no size', { sizeGiB: 0 }, 'the size of a snapshot is 1 to 65536 GiB, whole'],
    ['half a size', { sizeGiB: 1.5 }, 'the size of a snapshot is 1 to 65536 GiB, whole'],
    ['a long token', { token: 'x'.repeat(65) }, 'a token has 1 to 64 printable ASCII characters'],
    ['a long description', { description: 'x'.repeat(256) }, 'a description has at most 255 characters'],
    ['a short timeout', { timeoutMinutes: 9 }, 'a snapshot times out after 10 to 4320 minutes'],
  ])('fails to start with %s', async (_, more, message) => {
    await expect(snapshots.start(spec('one', more))).rejects.toMatchObject({ name: 'SnapshotSpecError', message });
  });

  test('fails to start with a parent that is pending, gone, larger, or of another key', async () => {
    const { id } = await snapshots.start(spec('pending'));
    await expect(snapshots.start(spec('a', { parent: id }))).rejects.toThrow('is not completed yet');
    await expect(snapshots.start(spec('b', { parent: 'snap-0' }))).rejects.toThrow('there is no snapshot snap-0');
    const parent = await made('large', {}, { sizeGiB: 2 });
    await expect(snapshots.start(spec('c', { parent }))).rejects.toThrow('not smaller than its parent');
    await expect(snapshots.start(spec('d', { parent, sizeGiB: 2, kmsKeyArn: 'arn' }))).rejects.toThrow(
      "takes the parent's key",
    );
  });

  test('fails to open what another process has open', async () => {
    await expect(openFileSnapshots(folder, { clock })).rejects.toMatchObject({ name: 'SnapshotStoreInUseError' });
  });
});

describe('a token', () => {
  test('answers the snapshot that it began, until that is removed', async () => {
    const first = await snapshots.start(spec('one', { tags: { Name: 'db1' } }));
    await reopen();
    expect(await snapshots.start(spec('one', { tags: { Name: 'db1' } }))).toEqual(first);
    expect(snapshots.tagged('Name', 'db1')).toEqual([first.id]);
    await snapshots.remove(first.id);
    expect(snapshots.tagged('Name', 'db1')).toEqual([]);
    expect((await snapshots.start(spec('one'))).id).not.toBe(first.id);
  });

  test('fails with another specification', async () => {
    await snapshots.start(spec('one'));
    await expect(snapshots.start(spec('one', { sizeGiB: 2 }))).rejects.toMatchObject({ name: 'SnapshotTokenError' });
  });
});

describe('a child', () => {
  test('inherits what it does not overwrite, with zeros too, and may be larger', async () => {
    const parent = await made('one', { 0: 'a', 1: 'b', 2: 'c' });
    const child = await made('two', { 1: 'B', 2: '\0', 2100: 'z' }, { parent, sizeGiB: 2 });
    expect(await contentOf(child)).toEqual({ 0: 'a', 1: 'B', 2: '\0', 2100: 'z' });
    expect(await contentOf(parent)).toEqual({ 0: 'a', 1: 'b', 2: 'c' });
    expect(await changed(parent, child)).toEqual([1, 2, 2100]);
    expect(await changed(child, parent)).toEqual([1, 2, 2100]);
  });

  test('keeps what it inherited when its parent goes, before and after it is completed', async () => {
    const parent = await made('one', { 0: 'a', 1: 'b' });
    const child = await made('two', { 1: 'B' }, { parent });
    const { id: pending } = await snapshots.start(spec('three', { parent }));
    await put(pending, 0, block('A'));
    await snapshots.remove(parent);
    await snapshots.complete(pending, sealOf(block('A')));
    expect(await contentOf(child)).toEqual({ 0: 'a', 1: 'B' });
    expect(await contentOf(pending)).toEqual({ 0: 'A', 1: 'b' });
    expect(await changed(child, pending)).toEqual([0, 1]);
    await snapshots.remove(child);
    expect(await contentOf(pending)).toEqual({ 0: 'A', 1: 'b' });
    expect(snapshots.storedBytes()).toBe(2 * BLOCK_SIZE);
    await snapshots.remove(pending);
    expect(snapshots.storedBytes()).toBe(0);
  });

  test('keeps its bytes when one in the middle of a chain goes', async () => {
    const first = await made('one', { 0: 'a', 1: 'b', 2: 'c' });
    const second = await made('two', { 0: 'x', 1: 'y' }, { parent: first });
    const third = await made('three', { 0: 'a' }, { parent: second });
    await snapshots.remove(second);
    expect(await contentOf(third)).toEqual({ 0: 'a', 1: 'y', 2: 'c' });
    expect(await changed(first, third)).toEqual([1]);
  });

  test('fails to be compared with a snapshot of another lineage', async () => {
    const [one, other] = [await made('one', {}), await made('other', {})];
    await expect(changed(one, other)).rejects.toMatchObject({ name: 'UnrelatedSnapshotsError' });
  });
});

describe('the folder', () => {
  const packs = () => readdirSync(join(folder, 'packs'));

  test('shrinks when all blocks of a pack are gone, and its room is used again', async () => {
    const id = await made('one', { 0: 'a', 1: 'b' });
    expect(packs()).toHaveLength(1);
    await snapshots.remove(id);
    await snapshots.close();
    expect(packs()).toEqual([]);
    snapshots = await openFileSnapshots(folder, { clock });
    await made('two', { 0: 'c', 1: 'd' });
    expect(statSync(join(folder, 'packs', packs()[0]!)).size).toBe(2 * BLOCK_SIZE);
  });

  test('is cleared of what a crash left when it is opened', async () => {
    await snapshots.close();
    writeFileSync(join(folder, 'manifests', 'snap-00000000000000000.new'), 'half');
    writeFileSync(join(folder, 'packs', '00000000.pack.gone'), 'given back');
    snapshots = await openFileSnapshots(folder, { clock });
    expect(readdirSync(join(folder, 'manifests'))).toEqual([]);
    expect(packs()).toEqual([]);
  });

  test('is not believed where blocks of a pending snapshot were lost with the machine', async () => {
    const { id } = await snapshots.start(spec('one'));
    await put(id, 0, block('a'));
    await put(id, 1, block('b'));
    await snapshots.close();
    // As if the second block's pages had never reached the disk.
    const pack = join(folder, 'packs', packs()[0]!);
    writeFileSync(pack, Buffer.concat([block('a'), block(0)]));
    snapshots = await openFileSnapshots(folder, { clock });
    await expect(snapshots.complete(id, sealOf(block('a'), block('b')))).rejects.toThrow(
      'holds 1 blocks, 2 were announced',
    );
    await put(id, 1, block('b'));
    await snapshots.complete(id, sealOf(block('a'), block('b')));
    expect(await contentOf(id)).toEqual({ 0: 'a', 1: 'b' });
  });

  test('says which block it can no longer read', async () => {
    const id = await made('one', { 0: 'a', 1: 'b' });
    const pack = join(folder, 'packs', packs()[0]!);
    writeFileSync(pack, Buffer.concat([block('a'), block('!')]));
    await expect(contentOf(id)).rejects.toThrow(`block 1 of snapshot ${id} is damaged`);
    writeFileSync(pack, Buffer.concat([block('a'), block('b')]));
  });
});

test('the last block of a snapshot is one before its size', async () => {
  expect(blocksOf(1)).toBe(2048);
  expect(await contentOf(await made('one', { 2047: 'z' }))).toEqual({ 2047: 'z' });
});
