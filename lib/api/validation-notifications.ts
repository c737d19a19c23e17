import type { Services } from '../ports.ts';
import { isNotificationToken } from '../workflows/app-launch/notification-url.ts';
import { checkSize } from './body.ts';
import { accessDenied, ServiceError } from './errors.ts';
import type { Handle, HttpRequest, HttpResponse } from './http.ts';
import { notifyAppValidationOutput } from './sms/operations/notify-app-validation-output.ts';

/** `/validations/<validationId>/<token>/<status>`: the end of the script's output is the body. */
const PATH = /^\/validations\/(val-[0-9a-f]{17})\/([0-9a-f]{40})\/(SUCCEEDED|FAILED)$/;
/** Characters of output that go into the status message. Source: SMS model, ValidationStatusMessage. */
const MESSAGE = 2_500;

/** Takes what launched servers report of their validations at the addresses that their user data holds; hands all other requests on. */
export function takingNotifications(handle: Handle, services: Services): Handle {
  return async (request) => {
    const [, validationId, token, status] = (request.method === 'POST' && PATH.exec(request.path)) || [];
    if (!validationId || !token) return handle(request);
    try {
      checkSize(request);
      if (!isNotificationToken(token, validationId, services.tokenSecret))
        throw accessDenied(`this is not the address of validation ${validationId}`);
      await notify({ validationId, status: status as 'SUCCEEDED' }, request, services);
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'noted\n' };
    } catch (error) {
      return refusal(error, services);
    }
  };
}

async function notify(
  context: { validationId: string; status: 'SUCCEEDED' | 'FAILED' },
  { body }: HttpRequest,
  services: Services,
) {
  const validation = await services.store.get('Validation', context.validationId);
  const statusMessage = body.toString('utf8').trim().slice(-MESSAGE);
  const notificationContext = { ...context, ...(statusMessage ? { statusMessage } : {}) };
  await notifyAppValidationOutput({ appId: validation?.appId, notificationContext }, services);
}

function refusal(error: unknown, { log }: Services): HttpResponse {
  const known = error instanceof ServiceError;
  if (!known) log({ level: 'error', message: 'a notification failed', error: String(error) });
  return {
    status: known ? error.status : 500,
    headers: { 'content-type': 'text/plain' },
    body: `${known ? error.message : 'the service failed; try again'}\n`,
  };
}
