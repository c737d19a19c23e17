import type { Clock } from '../clock.ts';

interface Entry<T> {
  readonly at: number;
  readonly key: string;
  readonly what: T;
}

/** What is to be done at which time, the next first: a heap of entries, and one timer for the first of them. */
export class Agenda<T> {
  readonly #clock: Clock;
  readonly #run: (what: T) => void;
  readonly #heap: Entry<T>[] = [];
  /** The entry that counts for each key; others in the heap are left over, and skipped when their time comes. */
  readonly #current = new Map<string, Entry<T>>();
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(clock: Clock, run: (what: T) => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Puts it down under a key, in place of what stood there. */
  set(key: string, at: number, what: T) {
    const entry = { at, key, what };
    this.#current.set(key, entry);
    this.#push(entry);
    this.#arm();
  }

  drop(key: string) {
    this.#current.delete(key);
  }

  clear() {
    this.#current.clear();
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm() {
    this.#skip();
    const first = this.#heap[0];
    if (this.#timer && first && this.#timer.at <= first.at) return;
    this.#timer?.cancel();
    this.#timer = first && { at: first.at, cancel: this.#clock.setTimer(first.at, () => this.#due()) };
  }

  #due() {
    this.#timer = undefined;
    for (this.#skip(); this.#heap.length > 0 && this.#heap[0]!.at <= this.#clock.now(); this.#skip()) {
      const { key, what } = this.#pop();
      this.#current.delete(key);
      this.#run(what);
    }
    this.#arm();
  }

  #skip() {
    while (this.#heap.length > 0 && this.#current.get(this.#heap[0]!.key) !== this.#heap[0]) this.#pop();
  }

  #push(entry: Entry<T>) {
    const heap = this.#heap;
    let place = heap.push(entry) - 1;
    for (let above = (place - 1) >> 1; place > 0 && heap[above]!.at > entry.at; above = (place - 1) >> 1) {
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): Entry<T> {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let place = 0;
    for (let below = 1; below < heap.length; below = 2 * place + 1) {
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++;
      if (heap[below]!.at >= last.at) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
