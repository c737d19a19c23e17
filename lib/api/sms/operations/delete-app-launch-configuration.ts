import type { DeleteAppLaunchConfigurationRequest, DeleteAppLaunchConfigurationResponse } from '@aws-sdk/client-sms';
import { launchConfigured } from '../../../domain/app.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { findLiveApp } from '../find.ts';
import { guardLaunchConfiguration } from '../guards.ts';

export async function deleteAppLaunchConfiguration(
  { appId }: DeleteAppLaunchConfigurationRequest,
  services: Services,
): Promise<DeleteAppLaunchConfigurationResponse> {
  const app = await findLiveApp(appId, services);
  guardLaunchConfiguration(app);
  await services.store.transact([
    launchConfigured(unchanged('App', app), { configuration: undefined }, services.clock.now()),
  ]);
  return {};
}
