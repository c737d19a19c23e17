import type { Bell } from '../api/connectors/services.ts';
import type { Clock } from '../clock.ts';

/** Seconds that a connector's question may wait. Source: the protocol, docs/connectors.md. */
const LONG_POLL = 20;

/** A bell of one process. */
export class LocalBell implements Bell {
  readonly maxWaitSeconds = LONG_POLL;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring() {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls the listener at every ring. */
  listen(listener: () => void) {
    this.#listeners.add(listener);
  }

  wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        cancel();
        this.#listeners.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.setTimer(this.#clock.now() + milliseconds, done);
      this.#listeners.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
