import type { Clock } from '../clock.ts';

/** Resolves after so many milliseconds, or when the signal is aborted. */
export function wait(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(clock.now() + milliseconds, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
