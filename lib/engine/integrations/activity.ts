import { arnHistory, type Integration } from './integration.ts';

/** A task that waits for a worker to ask for it by GetActivityTask, and to answer with its token. */
export const activity: Integration = {
  history: arnHistory('Activity'),
  async dispatch({ execution, thread, wait, parameters }, services) {
    // A worker that has taken it answers by its token, whatever happened to us in between.
    if (!wait.taken)
      services.offer(wait.resource, {
        executionArn: execution.row.executionArn,
        thread: thread.id,
        nonce: wait.nonce,
        input: parameters,
      });
    return undefined;
  },
};
