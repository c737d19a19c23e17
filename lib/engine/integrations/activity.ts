import { arnHistory, type Integration } from './integration.ts';

/** A task that waits for a worker to ask for it by GetActivityTask, and to answer with its token. */
export const activity: Integration = {
  history: arnHistory('Activity'),
  async dispatch({ execution, thread, wait, parameters }, services) {
    services.offer(wait.resource, {
      executionArn: execution.row.executionArn,
      thread: thread.id,
      nonce: wait.nonce,
      input: parameters,
    });
    return undefined;
  },
};
