import type { GetAppLaunchConfigurationRequest, GetAppLaunchConfigurationResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { launchConfigurationOutput } from '../outputs.ts';

export async function getAppLaunchConfiguration(
  { appId }: GetAppLaunchConfigurationRequest,
  services: Services,
): Promise<GetAppLaunchConfigurationResponse> {
  const app = await findApp(appId, services);
  if (!app.launchConfiguration) return { appId: app.id };
  return { appId: app.id, ...(await launchConfigurationOutput(app.launchConfiguration, services)) };
}
