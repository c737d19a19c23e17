import type { GenerateTemplateRequest, GenerateTemplateResponse } from '@aws-sdk/client-sms';
import { latestImages } from '../../../app-jobs.ts';
import { formatDocument } from '../../../document.ts';
import { isLaunchBusy, launchProblem } from '../../../domain/app.ts';
import type { Services } from '../../../ports.ts';
import { appTemplate, LaunchNotPossibleError } from '../../../workflows/app-launch/app-template.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';

/** Writes the template of what LaunchApp would launch now. */
export async function generateTemplate(
  { appId, templateFormat = 'JSON' }: GenerateTemplateRequest,
  services: Services,
): Promise<GenerateTemplateResponse> {
  const { config, clock, objects } = services;
  const app = await findLiveApp(appId, services);
  if (isLaunchBusy(app))
    throw operationNotPermitted(`launch of application ${app.id} is ${app.launchStatus}; wait for its end`);
  const images = await latestImages(app, services);
  const problem = launchProblem(app, images);
  if (problem) throw operationNotPermitted(problem);

  const { template } = await appTemplate(app, images, services).catch((error: Error) => {
    throw error instanceof LaunchNotPossibleError ? operationNotPermitted(error.message) : error;
  });
  const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, '');
  const s3Location = {
    bucket: `sms-app-${config.account}-${config.region}`,
    key: `${app.id}/template-${time}.${templateFormat.toLowerCase()}`,
  };
  await objects.put(s3Location, formatDocument(template, templateFormat));
  return { s3Location };
}
