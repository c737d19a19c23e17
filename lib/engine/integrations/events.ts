import type { Json } from '../../json.ts';
import { type Integration, taskHistory } from './integration.ts';

/** `events:putEvents`: fails when one of the entries was refused, with the bus's answer as its cause. */
export const putEvents: Integration = {
  history: taskHistory('events'),
  async dispatch({ wait, parameters }, services) {
    const { Entries = [] } = parameters as { Entries?: Json[] };
    const { nonce } = wait;
    const answer = (await services.putEvents(Entries)) as { FailedEntryCount?: number };
    if ((answer.FailedEntryCount ?? 0) > 0)
      return { kind: 'failure', nonce, error: 'EventBridge.FailedEntry', cause: JSON.stringify(answer) };
    return { kind: wait.byToken ? 'submitted' : 'result', nonce, output: answer as Json };
  },
};
