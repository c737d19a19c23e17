import { type Clock, wait } from '../clock.ts';
import { BlockBrokenError, BlockRefusedError } from './block-requests.ts';

/** What is done after an attempt that failed. */
type Next = 'slower' | 'later' | 'again' | 'never';

/** Attempts that may fail for the service's own reasons or on the way, beside those that were throttled or too early: with their pauses 12 s, in which a
 * service that died starts again. */
const ATTEMPTS = 8;
/** Milliseconds before the second attempt, doubled with each further one. Throttles are over after seconds; a hiccup at once. */
const FIRST_PAUSE = { again: 100, later: 500, slower: 500 };
const LONGEST_PAUSE = 8_000;

const THROTTLES = ['RequestThrottledException', 'ThrottlingException', 'ConcurrentLimitExceededException'];

/**
 * Source: EBS user guide, error retries; issues 43, 56, 216, 437, 438 and 451 of awslabs/coldsnap. A snapshot that was just started may "not exist" for
 * up to two minutes; who is not allowed is told at once.
 */
function next(error: unknown): Next {
  if (error instanceof BlockBrokenError) return 'again';
  if (!(error instanceof BlockRefusedError)) return 'never';
  if (THROTTLES.includes(error.type) || error.status === 429) return 'slower';
  if (error.type === 'ResourceNotFoundException') return 'later';
  return error.status >= 500 ? 'again' : 'never';
}

export interface RetryOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** Milliseconds for all attempts. */
  readonly patience: number;
  /** Aborted, it ends the pause between two attempts; no further one is made. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes attempts until one succeeds, the error is final, patience is at an end, or the signal is aborted. Answers how often the service throttled. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
): Promise<{ answer: T; throttles: number }> {
  const { clock, patience, signal } = options;
  const end = clock.now() + patience;
  const failed = { slower: 0, later: 0, again: 0 };
  for (;;) {
    try {
      return { answer: await attempt(), throttles: failed.slower };
    } catch (error) {
      const todo = next(error);
      if (todo === 'never' || (todo === 'again' && failed.again + 1 >= ATTEMPTS)) throw error;
      const pause = pauseAfter(todo, failed[todo]++, options.random());
      // A second attempt is always made, however long the first one took.
      if (clock.now() + pause > end && failed.slower + failed.later + failed.again > 1) throw error;
      await wait(pause, clock, signal);
      signal?.throwIfAborted();
    }
  }
}

/** Between half of it and all: puts that failed together do not come back together. */
const pauseAfter = (next: keyof typeof FIRST_PAUSE, failures: number, random: number) =>
  Math.min(LONGEST_PAUSE, FIRST_PAUSE[next] * 2 ** failures) * (0.5 + random / 2);
