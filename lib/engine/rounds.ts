import { setImmediate as nextTick } from 'node:timers';

export interface RoundsOptions {
  /** One round; does not throw. */
  run(): Promise<void>;
  /** Whether something has come up during the round that needs another. */
  more(): boolean;
  /** Told after each round. */
  rested(): void;
}

/** Rounds of work, one after another: each takes all that has been asked for since the last one began. */
export class Rounds {
  readonly #options: RoundsOptions;
  #planned = false;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether a round runs, or is about to. */
  get underWay(): boolean {
    return this.#planned || this.#running !== undefined;
  }

  /** Sees to it that a round begins, once what runs now has had its say. */
  plan() {
    if (this.underWay || this.#stopped) return;
    this.#planned = true;
    nextTick(() => {
      this.#planned = false;
      if (!this.#stopped) this.#running = this.#options.run().finally(() => this.#rest());
    });
  }

  open() {
    this.#stopped = false;
  }

  /** No round begins any more. */
  halt() {
    this.#stopped = true;
  }

  /** Resolves when the round that runs has ended. */
  async ended(): Promise<void> {
    await this.#running;
  }

  #rest() {
    this.#running = undefined;
    if (this.#options.more()) this.plan();
    this.#options.rested();
  }
}
