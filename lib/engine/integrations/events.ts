import type { Json } from '../../json.ts';
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
  async dispatch({ wait, parameters }, services) {
    const { Entries = [] } = parameters as { Entries?: Json[] };
    const { nonce } = wait;
    const answer = (await services.putEvents(Entries.map(withText))) as { FailedEntryCount?: number };
    if ((answer.FailedEntryCount ?? 0) > 0)
      return { kind: 'failure', nonce, error: 'EventBridge.FailedEntry', cause: JSON.stringify(answer) };
    return { kind: wait.byToken ? 'submitted' : 'result', nonce, output: answer as Json };
  },
};
