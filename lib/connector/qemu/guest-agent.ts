import { isRecord } from './answers.ts';
import type { Guest } from './guests.ts';
import { JsonLines } from './json-lines.ts';

/** Milliseconds for an answer to anything quick. */
const ANSWER_LIMIT = 3_000;
/** Milliseconds for a guest to write all it has in memory. Windows gives up after 10 s by itself. */
const FREEZE_LIMIT = 10_000;
/** Attempts to thaw: a guest that stays frozen is worse than any failed run. */
const THAW_ATTEMPTS = 3;
/** Answers to earlier clients that an agent may still have to give. */
const MAX_OLD_ANSWERS = 100;

/** The guest's file systems could not be brought into order, or not be let go. */
export class QuiesceError extends Error {
  override readonly name = 'QuiesceError';
}

/** File systems that the guest holds still, until they are let go. */
export interface Quiesced {
  /** Answers whether they were held still until now: a guest may have let them go by itself. */
  thaw(): Promise<boolean>;
}

/** Has the guest's agent write its file systems to disk and hold them still. Throws QuiesceError. */
export async function quiesce(guest: Guest): Promise<Quiesced> {
  const agent = await openAgent(guest);
  let held: number;
  try {
    held = await ask(agent, 'guest-fsfreeze-freeze', FREEZE_LIMIT);
    if (held === 0) throw new QuiesceError('there is no file system that it can hold still');
  } catch (cause) {
    // It may have frozen some, or all and answered too late; an earlier process may have died in between.
    await thaw(guest).finally(() => agent.close());
    throw new QuiesceError(`guest ${guest.id}: its agent does not freeze: ${(cause as Error).message}`, { cause });
  }
  agent.close();
  // Fewer were let go by itself before, as Windows does after 10 s. Source: QEMU guest agent protocol, guest-fsfreeze-thaw.
  return { thaw: async () => (await thaw(guest)) >= held };
}

/** Answers how many file systems were let go. */
async function thaw(guest: Guest): Promise<number> {
  let failure: unknown;
  for (let attempt = 0; attempt < THAW_ATTEMPTS; attempt++) {
    try {
      const agent = await openAgent(guest);
      return await ask(agent, 'guest-fsfreeze-thaw', FREEZE_LIMIT).finally(() => agent.close());
    } catch (error) {
      failure = error;
    }
  }
  throw new QuiesceError(
    `guest ${guest.id}: its agent does not let its file systems go (${(failure as Error).message}); run fsfreeze -u in the guest, or restart it`,
    { cause: failure },
  );
}

async function openAgent({ id, agent: path }: Guest): Promise<JsonLines> {
  const agent = await JsonLines.open(path).catch((cause) => {
    throw new QuiesceError(
      `guest ${id}: nobody listens on ${path}; start it with its agent's channel there, or do not ask for quiescence`,
      { cause },
    );
  });
  try {
    await synchronise(agent);
    return agent;
  } catch (cause) {
    agent.close();
    throw new QuiesceError(`guest ${id}: its agent does not answer: ${(cause as Error).message}`, { cause });
  }
}

let lastId = 0;

/** Skips what the agent still had to say to an earlier client. Source: QEMU guest agent protocol, guest-sync-delimited. */
async function synchronise(agent: JsonLines): Promise<void> {
  const id = ++lastId;
  agent.send({ execute: 'guest-sync-delimited', arguments: { id } }, { reset: true });
  for (let answers = 0; answers < MAX_OLD_ANSWERS; answers++) {
    const answer = await agent.next(ANSWER_LIMIT);
    if (isRecord(answer) && answer.return === id) return;
  }
  throw new QuiesceError('it answers other questions');
}

/** Both commands answer with a number of file systems. */
async function ask(agent: JsonLines, command: string, limit: number): Promise<number> {
  agent.send({ execute: command });
  const answer = await agent.next(limit);
  if (isRecord(answer) && typeof answer.return === 'number') return answer.return;
  throw new QuiesceError(`${command}: ${JSON.stringify(isRecord(answer) ? answer.error : answer)}`);
}
