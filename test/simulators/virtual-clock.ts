import type { Clock } from '../../lib/clock.ts';

/** A clock that stands still until it is advanced; months pass in milliseconds. */
export class VirtualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];

  constructor(start = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = start;
  }

  now = () => this.#now;

  setTimer = (at: number, run: () => void) => {
    // Like the machine's clock it knows whole milliseconds only.
    const timer = { at: Math.ceil(at), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** The time of the next timer, if there is one. */
  next = () => this.#timers.reduce<number | undefined>((least, { at }) => Math.min(least ?? at, at), undefined);

  /** Moves on by `ms`, firing the timers that come due in their order; `settle` runs after each, so that what it started can end. */
  async advance(ms: number, settle: () => Promise<void> = turnOfTheLoop) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
    await settle();
  }
}

const turnOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve));
