import type { Clock } from '../clock.ts';

export interface ConcurrencyLimits {
  /** Puts at once to begin with. */
  readonly start: number;
  readonly max: number;
}

/** For a store that is far away. 8 is enough for a near one; AWS counts 100 ms a put, of which 64 make 640 a second. */
export const REMOTE_LIMITS: ConcurrencyLimits = { start: 8, max: 64 };
/** For a store on the same machine: more puts only wait for the same cores, and are repeated after a crash. */
export const LOCAL_LIMITS: ConcurrencyLimits = { start: 6, max: 6 };

/** What is left of the limit after the store asked to slow down. */
const CUT = 0.7;
/** A put that takes so many times as long as in the best of times waits for other puts: more of them would not help … */
const WAITING = 2;
/** … and fewer would do as well. */
const CROWDED = 4;
/** Share of a new latency in the average. */
const WEIGHT = 0.1;

/**
 * How many puts may be under way: one more per round trip while the store keeps up, a third fewer when it throttles or latency shows a queue (additive
 * increase, multiplicative decrease, as in TCP).
 */
export class Concurrency {
  readonly #clock: Clock;
  readonly #max: number;
  #limit: number;
  #active = 0;
  #waiting: (() => void)[] = [];
  #recent = 0;
  #best = Number.POSITIVE_INFINITY;
  #cutAt = Number.NEGATIVE_INFINITY;

  constructor({ start, max }: ConcurrencyLimits, clock: Clock) {
    this.#limit = start;
    this.#max = max;
    this.#clock = clock;
  }

  get limit() {
    return Math.floor(this.#limit);
  }

  /** Runs the put when its turn has come. */
  async run(put: () => Promise<{ readonly throttles: number }>): Promise<void> {
    while (this.#active >= this.limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active++;
    const began = this.#clock.now();
    try {
      const { throttles } = await put();
      this.#learn(this.#clock.now() - began, throttles);
    } finally {
      this.#active--;
      for (const wake of this.#waiting.splice(0, Math.max(0, this.limit - this.#active))) wake();
    }
  }

  #learn(latency: number, throttles: number) {
    if (throttles > 0) return this.#cut();
    this.#recent = this.#recent === 0 ? latency : this.#recent + WEIGHT * (latency - this.#recent);
    this.#best = Math.max(1, Math.min(this.#best, this.#recent));
    if (this.#recent > CROWDED * this.#best) this.#limit = Math.max(1, this.#limit - 1 / this.#limit);
    else if (this.#recent <= WAITING * this.#best && this.#active >= this.limit)
      this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
  }

  /** Once per round trip: the puts that were under way together all tell of the same. */
  #cut() {
    const now = this.#clock.now();
    if (now - this.#cutAt < this.#recent) return;
    this.#cutAt = now;
    this.#limit = Math.max(1, this.#limit * CUT);
  }
}
