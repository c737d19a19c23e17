import type { LaunchAppRequest, LaunchAppResponse } from '@aws-sdk/client-sms';
import { latestImages } from '../../../app-jobs.ts';
import { isLaunchBusy, launchProblem, launchRequested } from '../../../domain/app.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Asks for the launch of the application's stack, or for its update where one stands. */
export async function launchApp({ appId }: LaunchAppRequest, services: Services): Promise<LaunchAppResponse> {
  const app = await findLiveApp(appId, services);
  if (isLaunchBusy(app))
    throw operationNotPermitted(`launch of application ${app.id} is ${app.launchStatus}; wait for its end`);
  if (app.launchStatus === 'TERMINATE_FAILED') {
    throw operationNotPermitted(`the last termination of application ${app.id} failed; call TerminateApp again first`);
  }
  if (app.launchStatus === 'CONFIGURATION_INVALID')
    throw operationNotPermitted(`application ${app.id}: ${app.launchStatusMessage}`);
  const problem = launchProblem(app, await latestImages(app, services));
  if (problem) throw operationNotPermitted(problem);
  await services.store.transact([launchRequested(unchanged('App', app), services.clock.now())]);
  return {};
}
