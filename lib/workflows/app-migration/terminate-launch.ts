import { TerminateAppCommand } from '@aws-sdk/client-sms';
import type { MigrationInput, MigrationServices } from './services.ts';
import { unlessNothingToDo } from './stop-replication.ts';

/** Terminates the application's stack, if there is one. */
export async function terminateLaunch({ state }: MigrationInput, { sms }: MigrationServices): Promise<null> {
  if (state.app) await sms.send(new TerminateAppCommand({ appId: state.app.appId })).catch(unlessNothingToDo);
  return null;
}
