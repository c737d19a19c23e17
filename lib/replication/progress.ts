import { BLOCK_SIZE } from '../snapshots.ts';
import type { TransferProgress, TransferServices } from './transfer-server.ts';

/** Milliseconds between two reports of a copy: enough for a bar that moves, too few to slow the copy. */
const INTERVAL = 200;

export interface Progress {
  /** So many blocks will be looked at. */
  plan(blocks: number): void;
  block(): void;
  stage(stage: TransferProgress['stage']): void;
}

/** Counts blocks and reports bytes: every stage, and within one as time passes. */
export function progressOf({ clock, onProgress }: Pick<TransferServices, 'clock' | 'onProgress'>): Progress {
  let [done, total, reportedAt] = [0, 0, 0];
  const report = (stage: TransferProgress['stage']) => {
    reportedAt = clock.now();
    onProgress({ stage, bytesDone: done * BLOCK_SIZE, bytesTotal: total * BLOCK_SIZE });
  };
  return {
    plan(blocks) {
      total += blocks;
    },
    block() {
      done++;
      if (done === total || clock.now() - reportedAt >= INTERVAL) report('Uploading');
    },
    stage: report,
  };
}
