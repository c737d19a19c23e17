/** Time as a port, so that tests pass months in milliseconds. All times are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Calls `run` once `at` has come (at once when it has passed). Returns the function that cancels it. */
  setTimer(at: number, run: () => void): () => void;
}

/** Resolves after so many milliseconds, or when the signal is aborted. */
export function wait(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    // A clock that skips time may be done before it answers.
    let cancel = () => {};
    signal?.addEventListener('abort', done, { once: true });
    cancel = clock.setTimer(clock.now() + milliseconds, done);
  });
}
