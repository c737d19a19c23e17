import { describe, expect, test } from '@jest/globals';
import type { ReplicationRun } from '../../lib/domain/entities.ts';
import { progressed, progressText, type TransferProgress } from '../../lib/domain/run-progress.ts';

const GIB = 2 ** 30;
const run = (more: Partial<ReplicationRun> = {}) =>
  ({ id: 'sms-run-00000001', sequence: 2, state: 'ACTIVE', stage: 'Validating', ...more }) as ReplicationRun;
const uploading = (bytesDone: number, more: Partial<TransferProgress> = {}): TransferProgress => ({
  stage: 'Uploading',
  bytesDone,
  bytesTotal: 1_000,
  ...more,
});
const at = 1_000_000;

describe('progress is', () => {
  test('an event when the stage changes, and at each tenth; numbered with the run’s other events', () => {
    const begun = progressed(run(), uploading(0), at)!;
    expect(begun.events).toMatchObject([{ id: 'sms-run-00000001:3', detail: { sequence: 3, percent: 0 } }]);
    expect(begun.entity).toMatchObject({ sequence: 3, stage: 'Uploading', stageProgress: '0%', bytesDone: 0 });
    const tenth = progressed(begun.entity, uploading(105), at)!;
    expect(tenth.events).toMatchObject([{ detail: { sequence: 4, percent: 10 } }]);
  });

  test('written but no event within a tenth', () => {
    const { entity } = progressed(run(), uploading(100), at)!;
    const next = progressed(entity, uploading(110), at + 1)!;
    expect(next).toMatchObject({ events: [], entity: { sequence: 3, stageProgress: '11%', bytesDone: 110 } });
  });

  test('written within a percent only after a while, and if something moved', () => {
    const { entity } = progressed(run(), uploading(100), at)!;
    expect(progressed(entity, uploading(101), at + 9_999)).toBeUndefined();
    expect(progressed(entity, uploading(100), at + 60_000)).toBeUndefined();
    expect(progressed(entity, uploading(101), at + 10_000)?.entity).toMatchObject({ bytesDone: 101 });
  });

  test('nothing for a run that is over, nor when the transfer is: the image is still to be made', () => {
    expect(progressed(run({ state: 'DELETED' }), uploading(100), at)).toBeUndefined();
    expect(progressed(run(), uploading(1_000, { stage: 'Completed' }), at)).toBeUndefined();
  });

  test('all of nothing when there is nothing to look at', () => {
    expect(progressed(run(), uploading(0, { bytesTotal: 0 }), at)?.entity.stageProgress).toBe('100%');
  });

  test('without the rate of an earlier attempt', () => {
    const { entity } = progressed(run(), uploading(100, { bytesPerSecond: 7 }), at)!;
    const again = progressed(entity, { stage: 'Validating', bytesDone: 0, bytesTotal: 0 }, at)!;
    expect(again.entity).not.toHaveProperty('bytesPerSecond');
  });
});

describe('in words', () => {
  const MIB = 2 ** 20;
  test.each([
    [
      { bytesDone: 1.7 * GIB, bytesTotal: 4 * GIB, bytesPerSecond: 120 * MIB },
      ': 1.7 of 4.0 GiB, 120.0 MiB/s, 20 s left',
    ],
    [
      { bytesDone: 0, bytesTotal: 2 * 1024 * GIB, bytesPerSecond: 10 * MIB },
      ': 0.0 of 2.0 TiB, 10.0 MiB/s, 2 d 10 h left',
    ],
    [{ bytesDone: 0, bytesTotal: GIB, bytesPerSecond: MIB }, ': 0.0 of 1.0 GiB, 1.0 MiB/s, 17 min 4 s left'],
    [{ bytesDone: 0, bytesTotal: 20 * GIB, bytesPerSecond: MIB }, ': 0.0 of 20.0 GiB, 1.0 MiB/s, 5 h 41 min left'],
    [{ bytesDone: 5, bytesTotal: 1_000, bytesPerSecond: 900 }, ': 5.0 of 1000.0 B, 900.0 B/s, 2 s left'],
    [{ bytesDone: GIB, bytesTotal: GIB, bytesPerSecond: MIB }, ''],
    [{ bytesDone: 0, bytesTotal: GIB }, ''],
    [{}, ''],
  ])('%j', (figures, text) => {
    expect(progressText({ stage: 'Uploading', ...figures })).toBe(`Uploading${text}`);
  });
});
