import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import type { TransferResult } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { CLOCK, demandSameBytes } from './data-centre.ts';

/** A kill repeats what was under way, six blocks at most: one in a hundred. */
const BLOCKS = 600;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'source', 'db1'), { recursive: true });
  const bytes = Buffer.alloc(BLOCKS * BLOCK_SIZE);
  for (let block = 0; block < BLOCKS; block++) bytes.write(`block ${block}`, block * BLOCK_SIZE);
  writeFileSync(join(folder, 'source', 'db1', 'disk.img'), bytes);
});
afterEach(() => rmSync(folder, { recursive: true }));

function transfer(killAfter: number) {
  const child = join(import.meta.dirname, 'transfer-child.ts');
  const args = [child, folder, `images:${join(folder, 'source')}`, 'db1', `${killAfter}`];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}
const resultOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { result: TransferResult }).result;

test('a copy that is killed again and again ends with one whole snapshot, and puts few blocks twice', async () => {
  const kills = [1, 130, 200];
  for (const killAfter of kills) expect(transfer(killAfter).signal).toBe('SIGKILL');
  const last = transfer(0);
  expect(last.stderr).toBe('');
  const result = resultOf(last);
  expect(result.disks).toMatchObject([{ blocksTotal: BLOCKS, blocksCopied: BLOCKS }]);

  const puts = readFileSync(join(folder, 'puts'), 'utf8').trim().split('\n');
  expect(new Set(puts).size).toBe(BLOCKS);
  expect(puts.length - BLOCKS).toBeLessThanOrEqual(kills.length * BLOCKS * 0.01);

  const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
  await demandSameBytes(snapshots, result.disks[0]!.snapshotId, join(folder, 'source', 'db1', 'disk.img'));
  expect(snapshots.storedBytes()).toBe(BLOCKS * BLOCK_SIZE);
  // The same call again, in another process: the recorded result.
  await snapshots.close();
  expect(resultOf(transfer(0))).toEqual(result);
});
