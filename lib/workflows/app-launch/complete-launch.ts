import { serverIdsOf } from '../../domain/app.ts';
import type { S3Location } from '../../domain/app-configuration.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import type { StackProgress } from './poll-stack.ts';

/** Notes that the application is launched: wholly, or without the servers that have no image. */
export async function completeLaunch(
  { appId, template, stack }: { appId: string; template: S3Location & { serverIds: string[] }; stack: StackProgress },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const app = await store.get('App', appId);
  if (!app || (app.launchStatus !== 'LAUNCH_IN_PROGRESS' && app.launchStatus !== 'DELTA_LAUNCH_IN_PROGRESS')) return {};
  const at = clock.now();
  const { serverIds: launchedServerIds, bucket, key } = template;
  const missing = serverIdsOf(app).filter((serverId) => !launchedServerIds.includes(serverId));
  const launched = {
    stackName: stack.stackName,
    stackId: stack.stackId,
    template: { bucket, key },
    launchedServerIds,
    latestLaunchTime: at,
  };
  const set = {
    stack: launched,
    launchStatusMessage:
      missing.length > 0
        ? `not launched, for want of an image or of launch settings: ${missing.join(', ')}`
        : undefined,
  };
  await store.transact([
    advance(unchanged('App', app), ['App Launch', missing.length > 0 ? 'PARTIALLY_LAUNCHED' : 'LAUNCHED'], { at, set }),
  ]);
  return {};
}
