import { GetAppValidationOutputCommand } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices, nextWait, type Progress } from './services.ts';

/** Asks what the application's validations found. Without any, there is nothing to wait for. */
export async function pollValidation(
  input: MigrationInput,
  services: MigrationServices,
): Promise<Progress & { found: number }> {
  const { validationOutputList: all = [] } = await services.sms.send(
    new GetAppValidationOutputCommand({ appId: appIdOf(input) }),
  );
  const failed = all.filter(({ status }) => status === 'FAILED');
  const message = failed.map(({ name, statusMessage }) => `${name}: ${statusMessage ?? 'failed'}`).join('; ');
  const progress = { message, found: all.length, ...nextWait(input.state.validation) };
  if (all.some(({ status }) => status !== 'SUCCEEDED' && status !== 'FAILED'))
    return { ...progress, status: 'IN_PROGRESS' };
  if (failed.length > 0) return { ...progress, status: 'FAILED' };
  if (all.length > 0) await recordStep(input, 'VALIDATED', services);
  return { ...progress, status: 'SUCCEEDED' };
}
