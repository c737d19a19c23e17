import { mkdtempSync, openSync, readdirSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkFileSnapshots } from '../../lib/local/file-snapshots/check.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { rehost } from '../support/process.ts';
import { start } from '../support/start.ts';
import { block, sha256 } from './ebs/bed.ts';

let folder: string;
let parent: string;
let child: string;
const clock = new VirtualClock();

/** A parent with two blocks, a child with one more and one changed, and a pending grandchild with one put. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const store = await openFileSnapshots(folder, { clock });
  const begin = async (token: string, blocks: readonly [number, string][], above?: string) => {
    const more = above === undefined ? {} : { parent: above };
    const { id } = await store.start({ sizeGiB: 1, token, tags: {}, timeoutMinutes: 60, ...more });
    for (const [index, content] of blocks) await store.put(id, index, block(content), sha256(block(content)));
    return id;
  };
  parent = await begin('one', [
    [0, 'a'],
    [1, 'b'],
  ]);
  await store.complete(parent, { written: 2 });
  child = await begin(
    'two',
    [
      [1, 'B'],
      [2, 'c'],
    ],
    parent,
  );
  await store.complete(child, { written: 2 });
  await begin('three', [[3, 'd']], child);
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

const problems = async (options = { hash: true }) => (await checkFileSnapshots(folder, options)).problems;
function sql(statement: string) {
  const database = new DatabaseSync(join(folder, 'snapshots.db'));
  database.exec(statement);
  database.close();
}
const pack = () => join(folder, 'packs', readdirSync(join(folder, 'packs'))[0]!);

test('finds nothing wrong with a store that was closed', async () => {
  expect(await checkFileSnapshots(folder, { hash: true })).toEqual({
    snapshots: 3,
    pending: 1,
    blocks: 5,
    hashed: 5,
    spareBytes: 0,
    problems: [],
  });
});

describe('finds', () => {
  const digest = (content: string) => sha256(block(content)).toString('hex');

  test('a byte that changed, unless told not to read', async () => {
    writeSync(openSync(pack(), 'r+'), 'x', BLOCK_SIZE);
    expect(await problems()).toEqual([`slot 1 (pack 0) does not hold its block ${digest('b')}`]);
    expect(await problems({ hash: false })).toEqual([]);
  });

  test('a pack that is gone', async () => {
    rmSync(pack());
    expect(await problems()).toHaveLength(5);
  });

  test('a count of uses that is wrong', async () => {
    sql('UPDATE block SET uses = 7 WHERE slot = 0');
    expect(await problems()).toEqual(['the block in slot 0 is noted as used 7 times; it is used 1 times']);
  });

  test('a block that is used and is not there', async () => {
    sql('DELETE FROM block WHERE slot = 2');
    expect(await problems()).toEqual([`block ${digest('B')} is used, and is not there; manifests name it`]);
  });

  test('a manifest that is gone, cut, or nobody’s', async () => {
    rmSync(join(folder, 'manifests', parent));
    truncateSync(join(folder, 'manifests', child), 32);
    writeFileSync(join(folder, 'manifests', 'snap-0'), '');
    const found = await problems();
    expect(found).toContain(`the manifest of ${parent} has 0 bytes instead of 65536`);
    expect(found).toContain(`the manifest of ${child} has 32 bytes instead of 65536`);
    expect(found).toContain('the file manifests/snap-0 belongs to no snapshot');
  });

  test('a parent that is not there, and puts of no snapshot', async () => {
    sql(`UPDATE snapshot SET parent = 'snap-0' WHERE id = '${child}'; UPDATE pending SET snapshot = 'snap-1'`);
    const found = await problems();
    expect(found).toContain(`snapshot ${child} has the parent snap-0, which is not there`);
    expect(found).toContain('a put names snapshot snap-1, which is not there');
  });
});

test('understands a removal that was interrupted, and opening the store ends it', async () => {
  sql(`UPDATE snapshot SET state = 'removed', token = NULL WHERE id = '${parent}'`);
  expect(await problems()).toEqual([]);
  await (await openFileSnapshots(folder, { clock })).close();
  expect(await problems()).toEqual([]);
  const { snapshots, blocks } = await checkFileSnapshots(folder, { hash: true });
  expect([snapshots, blocks]).toEqual([2, 4]);
});

test('a pack that holds nothing is given back when the store is opened', async () => {
  writeFileSync(join(folder, 'packs', '00000009.pack'), Buffer.alloc(BLOCK_SIZE));
  expect(await checkFileSnapshots(folder, { hash: true })).toMatchObject({ spareBytes: BLOCK_SIZE, problems: [] });
  await (await openFileSnapshots(folder, { clock })).close();
  expect(readdirSync(join(folder, 'packs'))).toEqual(['00000000.pack']);
});

describe('rehost fsck', () => {
  test('passes a folder that a service left, refuses one in which a service works, and tells by its status what is broken', async () => {
    const service = await start({ folder });
    const data = join(folder, 'data');
    const fsck = (...more: string[]) => rehost(['fsck', '--data', data, ...more]);
    expect(await fsck()).toMatchObject({ status: 1, stderr: expect.stringContaining('another rehost works in') });
    await service.end();
    expect(await fsck()).toMatchObject({ status: 0, stdout: expect.stringMatching(/Nothing is wrong\.\n$/) });

    const images = new DatabaseSync(join(data, 'images.db'));
    const row = { imageId: 'ami-1', spec: { disks: [{ snapshotId: 'snap-9' }] } };
    images.prepare('INSERT INTO image VALUES (?, ?)').run('ami-1', JSON.stringify(row));
    images.close();
    expect(await fsck('--quick')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('wrong: image ami-1 is made of snapshot snap-9, which is not there'),
    });
  });

  test('fails by name where there is no data', async () => {
    const { status, stderr } = await rehost(['fsck', '--data', join(folder, 'nowhere')]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('holds no data of rehost; name the folder with --data'),
    ]);
  });
});
