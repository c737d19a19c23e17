import { recordStep } from './record.ts';
import type { MigrationInput, MigrationServices } from './services.ts';

/** Announces that the launch waits for consent. Whoever gives it sends success with the task token, which the execution's history holds. */
export async function requestApproval(input: MigrationInput, services: MigrationServices): Promise<null> {
  await recordStep(input, 'AWAITING_APPROVAL', services);
  return null;
}
