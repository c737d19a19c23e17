import { latestImages } from '../../app-jobs.ts';
import { formatDocument } from '../../document.ts';
import type { S3Location } from '../../domain/app-configuration.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { appTemplate } from './app-template.ts';

/** Writes the template that this launch uses, under the launch's own name, so that a repeat writes the same object. What can be rendered can be launched. */
export async function renderTemplate(
  { appId, launchNumber }: { appId: string; launchNumber: number },
  services: Services,
): Promise<S3Location & { serverIds: string[] }> {
  const { store, objects, config, clock } = services;
  const app = await store.get('App', appId);
  if (!app) throw new Error(`no application ${appId}`);
  const { template, serverIds } = await appTemplate(app, await latestImages(app, services), services);
  const location = {
    bucket: `sms-app-${config.account}-${config.region}`,
    key: `${app.id}/launch-${launchNumber}.json`,
  };
  await objects.put(location, formatDocument(template, 'JSON'));
  if (app.launchStatus === 'VALIDATION_IN_PROGRESS')
    await store.transact([advance(unchanged('App', app), ['App Launch', 'LAUNCH_PENDING'], { at: clock.now() })]);
  return { ...location, serverIds };
}
