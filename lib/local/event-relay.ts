import type { Clock } from '../clock.ts';
import { type EventBridgeEvent, toEventBridge } from '../domain/events.ts';
import type { Outbox, Subscriber } from '../store.ts';

/** Events delivered between two notes of how far the relay is; a crash repeats so many at most. */
const BATCH = 100;
/** Milliseconds until a subscriber that failed is asked again. */
const RETRY_DELAY = 1_000;

type BatchSubscriber = (events: readonly EventBridgeEvent[]) => Promise<void>;

export interface RelayOptions {
  /** Under which the outbox remembers how far this relay is. `published` unless told. */
  readonly reader?: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/**
 * Takes events from the outbox to the subscribers: each at least once, in the order in which they were written. A subscriber that fails holds the line
 * until it has taken the event.
 */
export class EventRelay {
  readonly #options: RelayOptions;
  readonly #subscribers: Subscriber[] = [];
  readonly #batchSubscribers: BatchSubscriber[] = [];
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #cancelRetry = () => {};

  constructor(options: RelayOptions) {
    this.#options = options;
    options.outbox.onAppend(() => this.wake());
  }

  subscribe(subscriber: Subscriber) {
    this.#subscribers.push(subscriber);
  }

  /** Takes the events by the hundred at most, after the others have taken them. */
  subscribeInBatches(subscriber: BatchSubscriber) {
    this.#batchSubscribers.push(subscriber);
  }

  /** Delivers what is waiting. */
  wake() {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) this.wake();
    });
  }

  async stop() {
    this.#stopped = true;
    this.#cancelRetry();
    await this.#running;
  }

  /** Resolves once everything that is written is delivered, or waits for a retry. */
  async idle() {
    while (this.#running) await this.#running;
  }

  async #run() {
    const { outbox, clock, log } = this.#options;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#deliverAll(outbox);
      }
    } catch (error) {
      log({
        level: 'warn',
        message: 'an event could not be delivered; it is tried again',
        error: error instanceof Error ? error.stack : String(error),
      });
      this.#again = false;
      this.#cancelRetry = clock.setTimer(clock.now() + RETRY_DELAY, () => this.wake());
    }
  }

  async #deliverAll(outbox: Outbox) {
    const { reader = 'published' } = this.#options;
    for (let position = await outbox.published(reader); !this.#stopped; ) {
      const entries = await outbox.read(position, BATCH);
      const events = entries.map(({ event }) => toEventBridge(event, this.#options));
      for (const event of events) for (const deliver of this.#subscribers) await deliver(event);
      for (const deliver of this.#batchSubscribers) await deliver(events);
      position = entries.at(-1)?.position ?? position;
      if (entries.length === 0) return;
      await outbox.markPublished(reader, position);
    }
  }
}
