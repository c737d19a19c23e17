import type { S3Location } from '../../domain/app-configuration.ts';
import { stackNameOf } from '../../domain/template.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import type { StackProgress } from './poll-stack.ts';

/** Begins to create the application's stack, or to update it where one stands. */
export async function createStack(
  {
    appId,
    launchNumber,
    template,
  }: { appId: string; launchNumber: number; template: S3Location & { serverIds: string[] } },
  { store, objects, stacks, clock }: Services,
): Promise<StackProgress> {
  const app = await store.get('App', appId);
  const { serverIds, ...location } = template;
  const templateBody = await objects.get(location);
  if (!app || templateBody === undefined)
    throw new Error(`application ${appId} or its template ${location.key} is gone`);

  const stackName = stackNameOf(appId);
  const roleName = app.launchConfiguration?.roleName;
  const spec = {
    stackName,
    templateBody,
    templateLocation: location,
    tags: app.tags,
    token: `${appId}-launch-${launchNumber}`,
    ...(roleName ? { roleName } : {}),
  };
  const { stackId } = app.stack ? await stacks.update(spec) : await stacks.create(spec);
  if (app.launchStatus === 'LAUNCH_PENDING') {
    await store.transact([advance(unchanged('App', app), ['App Launch', 'LAUNCH_IN_PROGRESS'], { at: clock.now() })]);
  }
  return { stackName, stackId, status: 'IN_PROGRESS', waitSeconds: 1, polls: 0 };
}
