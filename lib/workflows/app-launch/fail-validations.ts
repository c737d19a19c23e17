import { decided } from '../../domain/validation.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';
import { pendingValidations } from './pending-validations.ts';

/** Notes why the validations of this launch could not be carried out. */
export async function failValidations(
  { appId, launchNumber, failure }: { appId: string; launchNumber: number; failure: Failure },
  services: Services,
): Promise<Record<string, never>> {
  const message = describeFailure(failure);
  for (const validation of await pendingValidations(appId, launchNumber, services))
    await services.store.transact([decided(validation, { status: 'FAILED', message }, services.clock.now())]);
  return {};
}
