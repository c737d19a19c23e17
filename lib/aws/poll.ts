import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds: the first pause, the longest, and all together. A task has five minutes. */
export interface Pace {
  readonly first: number;
  readonly longest: number;
  readonly total: number;
}

export const PACE: Pace = { first: 500, longest: 5_000, total: 240_000 };

/** Asks, with pauses that grow, until there is an answer; undefined when time is over. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { first, longest, total }: Pace = PACE,
): Promise<T | undefined> {
  for (let pause = first, waited = 0; ; pause = Math.min(longest, pause * 1.5)) {
    const answer = await ask();
    if (answer !== undefined || waited >= total) return answer;
    await sleep(pause);
    waited += pause;
  }
}
