import { OperationNotPermittedException, StopAppReplicationCommand } from '@aws-sdk/client-sms';
import type { MigrationInput, MigrationServices } from './services.ts';

/** Stops the application's replication, if there is anything to stop. */
export async function stopReplication({ state }: MigrationInput, { sms }: MigrationServices): Promise<null> {
  if (state.app) await sms.send(new StopAppReplicationCommand({ appId: state.app.appId })).catch(unlessNothingToDo);
  return null;
}

export function unlessNothingToDo(error: Error) {
  if (!(error instanceof OperationNotPermittedException)) throw error;
}
