import type { GenerateChangeSetRequest, GenerateChangeSetResponse } from '@aws-sdk/client-sms';
import { changeSetOf } from '../../../domain/change-set.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';
import { launchableTemplate, writeDocument } from '../launchable-template.ts';

/** Writes what LaunchApp would change in the launched stack now, as CloudFormation describes a change set. */
export async function generateChangeSet(
  { appId, changesetFormat = 'JSON' }: GenerateChangeSetRequest,
  services: Services,
): Promise<GenerateChangeSetResponse> {
  const { stacks, clock } = services;
  const app = await findLiveApp(appId, services);
  const stack = app.stack && (await stacks.describe(app.stack.stackName));
  if (!stack)
    throw operationNotPermitted(
      `application ${app.id} has no launched stack (${app.launchStatus}); launch it with LaunchApp`,
    );
  const template = await launchableTemplate(app, services);
  const changeSet = changeSetOf(stack, { template, tags: app.tags, at: clock.now() });
  return { s3Location: await writeDocument(changeSet, { app, name: 'changeset', format: changesetFormat }, services) };
}
