import type { Clock } from '../clock.ts';
import { type Bandwidth, nextChange, rateAt } from '../domain/bandwidth.ts';
import { BLOCK_SIZE } from '../snapshots.ts';

/** Seconds of the rate that may be caught up on at once: timers come late, by a millisecond or, on a busy machine, by many. */
const BURST = 0.25;

interface Waiting {
  go(): void;
  readonly isOver: () => boolean;
}

/**
 * Lets blocks go at a rate, whoever copies them: a token bucket, exact to the block. In any time span of T seconds at most rate × T bytes go, and a block
 * or a quarter of a second's worth, whichever is more. Those who wait go in the order in which they came.
 */
export class Pacer {
  readonly #bandwidth: Bandwidth;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #bytes: number;
  #filledAt: number;
  #cancel = () => {};

  constructor(bandwidth: Bandwidth, clock: Clock) {
    this.#bandwidth = bandwidth;
    this.#clock = clock;
    this.#filledAt = clock.now();
    this.#bytes = allowance(rateAt(bandwidth, this.#filledAt));
  }

  /** Whether there ever is a limit. */
  get isLimited(): boolean {
    return this.#bandwidth.bytesPerSecond !== undefined || this.#bandwidth.windows.length > 0;
  }

  /** Resolves when a block may go; rejects as soon as the signal is aborted. */
  async turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter(({ isOver }) => !isOver());
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const go = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.push({ go, isOver: () => signal?.aborted === true });
      if (this.#waiting.length === 1) this.#pump();
    });
  }

  #pump = () => {
    this.#cancel();
    const now = this.#clock.now();
    this.#fill(now);
    while (this.#waiting.length > 0 && this.#bytes >= BLOCK_SIZE) {
      this.#bytes -= BLOCK_SIZE;
      this.#waiting.shift()!.go();
    }
    if (this.#waiting.length === 0) return;
    const due = now + Math.ceil(((BLOCK_SIZE - this.#bytes) / rateAt(this.#bandwidth, now)) * 1_000);
    this.#cancel = this.#clock.setTimer(Math.min(due, nextChange(this.#bandwidth, now)), this.#pump);
  };

  /** Each stretch of time at its own rate. */
  #fill(now: number) {
    while (this.#filledAt < now) {
      const until = Math.min(now, nextChange(this.#bandwidth, this.#filledAt));
      const rate = rateAt(this.#bandwidth, this.#filledAt);
      const fresh = rate === Number.POSITIVE_INFINITY ? rate : (rate * (until - this.#filledAt)) / 1_000;
      this.#bytes = Math.min(allowance(rate), this.#bytes + fresh);
      this.#filledAt = until;
    }
    const rate = rateAt(this.#bandwidth, now);
    this.#bytes = rate === Number.POSITIVE_INFINITY ? rate : Math.min(this.#bytes, allowance(rate));
  }
}

/** Bytes that may go at once. A rate of 0 lets nothing go. */
const allowance = (rate: number) => (rate === 0 ? 0 : Math.max(BLOCK_SIZE, rate * BURST));
