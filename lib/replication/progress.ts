import type { TransferProgress } from '../domain/run-progress.ts';
import { BLOCK_SIZE } from '../snapshots.ts';
import type { TransferServices } from './transfer-server.ts';

/** Milliseconds between two reports of a copy: enough for a bar that moves, too few to slow the copy. */
const INTERVAL = 200;
/** Milliseconds over which the rate is taken. What is zero is looked at in no time, so a shorter one would jump. */
const RATE_TIME = 10_000;

export interface Progress {
  /** So many more blocks will be looked at. */
  plan(blocks: number): void;
  block(): void;
  /** These were looked at by an interrupted copy before. */
  skip(blocks: number): void;
  stage(stage: TransferProgress['stage']): void;
  /** Counts anew: what is done now is of another kind. */
  restart(): void;
}

/** Counts blocks and reports bytes: every stage, and within one as time passes. */
export function progressOf({ clock, onProgress }: Pick<TransferServices, 'clock' | 'onProgress'>): Progress {
  let current: TransferProgress['stage'] = 'Validating';
  let [done, total, moved, learntAt, reportedAt] = [0, 0, 0, clock.now(), 0];
  let rate: number | undefined;
  let age = 0;
  const learn = (now: number) => {
    const elapsed = now - learntAt;
    if (moved > 0 && elapsed < INTERVAL) return;
    const fresh = (moved * BLOCK_SIZE) / (elapsed / 1_000);
    if (moved > 0 || rate !== undefined) {
      age += elapsed;
      // At first the mean of all: a copy begins with a burst.
      const weight = Math.max(1 - Math.exp(-elapsed / RATE_TIME), elapsed / age);
      rate = (rate ?? 0) + weight * (fresh - (rate ?? 0));
    }
    [moved, learntAt] = [0, now];
  };
  const report = () => {
    reportedAt = clock.now();
    learn(reportedAt);
    const figures = rate === undefined ? {} : { bytesPerSecond: Math.round(rate) };
    onProgress({ stage: current, bytesDone: done * BLOCK_SIZE, bytesTotal: total * BLOCK_SIZE, ...figures });
  };
  return {
    plan(blocks) {
      total += blocks;
    },
    skip(blocks) {
      done += blocks;
    },
    restart() {
      [done, total, moved, learntAt, age, rate] = [0, 0, 0, clock.now(), 0, undefined];
    },
    block() {
      done++;
      moved++;
      if (done === total || clock.now() - reportedAt >= INTERVAL) report();
    },
    stage(stage) {
      current = stage;
      report();
    },
  };
}
