import { latestImages } from '../../app-jobs.ts';
import { formatDocument } from '../../document.ts';
import { isLaunchBusy, launchProblem } from '../../domain/app.ts';
import type { S3Location } from '../../domain/app-configuration.ts';
import type { App } from '../../domain/entities.ts';
import type { Template } from '../../domain/template.ts';
import type { Services } from '../../ports.ts';
import { appTemplate } from '../../workflows/app-launch/app-template.ts';
import { LaunchNotPossibleError } from '../../workflows/app-launch/launch-not-possible-error.ts';
import { operationNotPermitted } from '../errors.ts';

/** The template of what LaunchApp would launch now. Throws OperationNotPermitted when it would launch nothing. */
export async function launchableTemplate(app: App, services: Services): Promise<Template> {
  if (isLaunchBusy(app))
    throw operationNotPermitted(`launch of application ${app.id} is ${app.launchStatus}; wait for its end`);
  const images = await latestImages(app, services);
  const problem = launchProblem(app, images);
  if (problem) throw operationNotPermitted(problem);
  const { template } = await appTemplate(app, images, services).catch((error: Error) => {
    throw error instanceof LaunchNotPossibleError ? operationNotPermitted(error.message) : error;
  });
  return template;
}

/** Writes a document about the application under the time of now. */
export async function writeDocument(
  document: object,
  { app, name, format }: { app: App; name: 'template' | 'changeset'; format: 'JSON' | 'YAML' },
  { config, clock, objects }: Services,
): Promise<S3Location> {
  const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, '');
  const location = {
    bucket: `sms-app-${config.account}-${config.region}`,
    key: `${app.id}/${name}-${time}.${format.toLowerCase()}`,
  };
  await objects.put(location, formatDocument(document, format));
  return location;
}
