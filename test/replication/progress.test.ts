import { expect, test } from '@jest/globals';
import type { TransferProgress } from '../../lib/domain/run-progress.ts';
import { progressOf } from '../../lib/replication/progress.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';

function meter() {
  const reports: TransferProgress[] = [];
  let now = 5_000;
  const clock = { now: () => now, setTimer: () => () => {} };
  const progress = progressOf({ clock, onProgress: (report) => reports.push(report) });
  return {
    progress,
    last: () => reports.at(-1)!,
    /** So many blocks, evenly over the seconds. */
    copy(blocks: number, seconds: number) {
      for (let block = 0; block < blocks; block++) {
        now += (seconds * 1_000) / blocks;
        progress.block();
      }
    },
    pass(ms: number) {
      now += ms;
    },
  };
}

test('tells the rate of late, which follows a change within a minute', () => {
  const { progress, copy, last } = meter();
  progress.plan(100_000);
  progress.stage('Uploading');
  expect(last()).toEqual({ stage: 'Uploading', bytesDone: 0, bytesTotal: 100_000 * BLOCK_SIZE });
  copy(1_000, 10);
  expect(last().bytesPerSecond! / BLOCK_SIZE).toBeCloseTo(100, -1);
  copy(600, 60);
  expect(last().bytesPerSecond! / BLOCK_SIZE).toBeCloseTo(10, 0);
});

test('counts neither the time before the copy nor what an interrupted copy had done', () => {
  const { progress, copy, last, pass } = meter();
  pass(60_000);
  progress.plan(1_000);
  progress.stage('Uploading');
  progress.skip(900);
  copy(50, 5);
  expect(last().bytesPerSecond! / BLOCK_SIZE).toBeCloseTo(10, 0);
  expect(last().bytesDone).toBeGreaterThan(940 * BLOCK_SIZE);
});

test('reports a few times a second, and the last block', () => {
  let reports = 0;
  let now = 0;
  const clock = { now: () => now, setTimer: () => () => {} };
  const progress = progressOf({ clock, onProgress: () => reports++ });
  progress.plan(1_000);
  for (let block = 0; block < 1_000; block++, now++) progress.block();
  expect(reports).toBeGreaterThan(3);
  expect(reports).toBeLessThan(8);
});
