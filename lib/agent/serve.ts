import { type Clock, wait } from '../clock.ts';
import { DisassociatedError } from '../messages.ts';
import type { Agent } from './agent.ts';

/** Seconds that a poll may wait for messages. */
const LONG_POLL = 20;
/** Milliseconds between two polls at least. */
const PAUSE = 100;
/** Milliseconds between two tries to reach a service that does not answer, at most. */
const LONGEST_PAUSE = 15_000;

export interface ServeOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborted when it makes sense to ask at once, by a signal that lasts for one poll. */
  nextPoll(): AbortSignal;
  /** Done before each poll. */
  before(): Promise<void>;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/** Asks for messages until the signal is aborted. Throws DisassociatedError when the service no longer knows the connector, with all its work stopped. */
export async function serveAgent(agent: Agent, { clock, signal, nextPoll, before, log }: ServeOptions): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const poll = nextPoll();
    try {
      await before();
      await agent.poll(LONG_POLL, AbortSignal.any([signal, poll]));
      failures = 0;
      await wait(PAUSE, clock, signal);
    } catch (error) {
      if (error instanceof DisassociatedError) {
        await agent.stop();
        throw error;
      }
      if (signal.aborted || poll.aborted) continue;
      failures++;
      log({ level: 'warning', message: 'the service was not reached', error: (error as Error).message, failures });
      await wait(Math.min(LONGEST_PAUSE, 250 * 2 ** failures), clock, signal);
    }
  }
  await agent.stop();
}
