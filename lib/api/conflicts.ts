import { ConflictError } from '../store.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { temporarilyUnavailable } from './errors.ts';

/** Times that a call in its turn decides anew: more than ever needed in one process, enough against the other processes of a deployment. */
const ATTEMPTS = 20;

/**
 * Makes the function that runs calls which another writer may overtake. A call that lost reads and decides again; it does so in turn with the others that
 * lost, one at a time. Were they all to try at once, all but one would lose again, and of a hundred callers that change the same row most would fail.
 * A call writes once, so that a repeat has no leftovers.
 */
export function retryingConflicts() {
  let lastTurn: Promise<unknown> = Promise.resolve();
  return async function attempt<T>(name: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      // What the service needs from outside does not answer for now: callers are told what it is, and their clients try again.
      if (error instanceof TransientError)
        throw temporarilyUnavailable(`${name}: ${error.message}; try again in a moment`);
      if (!(error instanceof ConflictError)) throw error;
    }
    const turn = lastTurn.then(() => again(name, run));
    lastTurn = turn.catch(() => {});
    return turn;
  };
}

async function again<T>(name: string, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  throw temporarilyUnavailable(`${name}: others keep changing the same things; try again in a moment`);
}
