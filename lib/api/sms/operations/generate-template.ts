import type { GenerateTemplateRequest, GenerateTemplateResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { findLiveApp } from '../find.ts';
import { launchableTemplate, writeDocument } from '../launchable-template.ts';

/** Writes the template of what LaunchApp would launch now. */
export async function generateTemplate(
  { appId, templateFormat = 'JSON' }: GenerateTemplateRequest,
  services: Services,
): Promise<GenerateTemplateResponse> {
  const app = await findLiveApp(appId, services);
  const template = await launchableTemplate(app, services);
  return { s3Location: await writeDocument(template, { app, name: 'template', format: templateFormat }, services) };
}
