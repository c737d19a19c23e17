import type { GetAppRequest, GetAppResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { appOutput } from '../outputs.ts';

export async function getApp({ appId }: GetAppRequest, services: Services): Promise<GetAppResponse> {
  return appOutput(await findApp(appId, services), services);
}
