import type {
  GetAppValidationOutputRequest,
  GetAppValidationOutputResponse,
  ValidationOutput,
} from '@aws-sdk/client-sms';
import type { Validation } from '../../../domain/entities.ts';
import { type Configured, configuredValidations } from '../../../domain/validation.ts';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { serverById } from '../outputs.ts';

/** What each configured validation found; one that no launch has reached yet is READY_FOR_VALIDATION. */
export async function getAppValidationOutput(
  { appId }: GetAppValidationOutputRequest,
  services: Services,
): Promise<GetAppValidationOutputResponse> {
  const { store } = services;
  const app = await findApp(appId, services);
  const configured = configuredValidations(await store.get('ValidationConfiguration', app.id));
  const outcomes = await Promise.all(configured.map(({ validationId }) => store.get('Validation', validationId)));
  return {
    validationOutputList: await Promise.all(configured.map((one, index) => output(one, outcomes[index], services))),
  };
}

async function output(
  { validationId, name, serverId }: Configured,
  validation: Validation | undefined,
  services: Services,
): Promise<ValidationOutput> {
  const { status = 'READY_FOR_VALIDATION', statusMessage, latestValidationTime: at, ssmOutput } = validation ?? {};
  return {
    validationId,
    name,
    status,
    statusMessage,
    latestValidationTime: at === undefined ? undefined : new Date(at),
    ...(serverId
      ? { serverValidationOutput: { server: await serverById(serverId, services) } }
      : { appValidationOutput: ssmOutput && { ssmOutput: { s3Location: ssmOutput } } }),
  };
}
