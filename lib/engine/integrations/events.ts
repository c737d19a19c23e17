import type { Json } from '../../json.ts';
import type { Signal, TaskWait } from '../execution.ts';
import { InvokeError } from '../invoke.ts';
import { type Integration, taskHistory } from './integration.ts';

/** EventBridge takes a detail as text; definitions may write it as JSON. */
function withText(entry: Json): Json {
  const { Detail, ...rest } = entry as { [key: string]: Json };
  if (Detail === undefined) return rest;
  return { ...rest, Detail: typeof Detail === 'string' ? Detail : JSON.stringify(Detail) };
}

/** `events:putEvents`: fails when one of the entries was refused, with the bus's answer as its cause. */
export const putEvents: Integration = {
  history: taskHistory('events'),
  refuses: (parameters) =>
    Array.isArray((parameters as { Entries?: Json } | null)?.Entries)
      ? undefined
      : "The field 'Entries' is required but was missing",
  async dispatch({ wait, parameters }, services) {
    const { Entries } = parameters as { Entries: Json[] };
    try {
      return answered(wait, (await services.putEvents(Entries.map(withText))) as Answer);
    } catch (error) {
      if (!(error instanceof InvokeError)) throw error;
      return { kind: 'failure', nonce: wait.nonce, error: error.error, cause: error.message };
    }
  },
};

interface Answer {
  readonly [member: string]: Json;
  readonly FailedEntryCount: number;
}

function answered({ nonce, byToken }: TaskWait, answer: Answer): Signal {
  if (answer.FailedEntryCount > 0)
    return { kind: 'failure', nonce, error: 'EventBridge.FailedEntry', cause: JSON.stringify(answer) };
  return { kind: byToken ? 'submitted' : 'result', nonce, output: answer };
}
