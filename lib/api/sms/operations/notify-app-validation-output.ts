import type { NotifyAppValidationOutputRequest, NotifyAppValidationOutputResponse } from '@aws-sdk/client-sms';
import { onBehalfOf } from '../../../domain/transition.ts';
import { decided, isDecided } from '../../../domain/validation.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter, missingRequiredParameter, operationNotPermitted } from '../../errors.ts';
import { findApp } from '../find.ts';

/** Takes the outcome of a server's own validation. The same outcome again changes nothing. */
export async function notifyAppValidationOutput(
  { appId, notificationContext: { validationId, status, statusMessage } = {} }: NotifyAppValidationOutputRequest,
  services: Services,
): Promise<NotifyAppValidationOutputResponse> {
  const { store, clock } = services;
  const app = await findApp(appId, services);
  if (!validationId) throw missingRequiredParameter('notificationContext.validationId is required');
  if (!status) throw missingRequiredParameter('notificationContext.status is required: SUCCEEDED or FAILED');
  if (status !== 'SUCCEEDED' && status !== 'FAILED')
    throw invalidParameter(`notificationContext.status: ${status} is no outcome; give SUCCEEDED or FAILED`);

  const configuration = await store.get('ValidationConfiguration', app.id);
  if (!configuration?.serverValidations.some((one) => one.validationId === validationId)) {
    throw invalidParameter(
      `notificationContext.validationId: no server of application ${app.id} has validation ${validationId}; GetAppValidationConfiguration shows those there are`,
    );
  }
  const validation = await store.get('Validation', validationId);
  if (!validation)
    throw operationNotPermitted(`validation ${validationId} waits for a launch of application ${app.id}`);
  if (validation.status === status) return {};
  if (isDecided(validation))
    throw operationNotPermitted(
      `validation ${validationId} is ${validation.status} already; launch again to repeat it`,
    );
  const change = decided(validation, { status, message: statusMessage }, clock.now());
  await store.transact([onBehalfOf(validation, change)]);
  return {};
}
