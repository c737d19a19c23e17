import type { TerminateAppRequest, TerminateAppResponse } from '@aws-sdk/client-sms';
import { isLaunchBusy, terminationRequested } from '../../../domain/app.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Asks for the deletion of the application's stack. */
export async function terminateApp({ appId }: TerminateAppRequest, services: Services): Promise<TerminateAppResponse> {
  const app = await findLiveApp(appId, services);
  if (isLaunchBusy(app))
    throw operationNotPermitted(`launch of application ${app.id} is ${app.launchStatus}; wait for its end`);
  if (!app.stack)
    throw operationNotPermitted(
      `application ${app.id} has no stack (${app.launchStatus}); there is nothing to terminate`,
    );
  await services.store.transact([terminationRequested(app, services.clock.now())]);
  return {};
}
