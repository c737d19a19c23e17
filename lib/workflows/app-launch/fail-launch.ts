import type { AppLaunchStatus } from '../../domain/states.ts';
import { stackNameOf } from '../../domain/template.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';
import { failValidations } from './fail-validations.ts';

/** What each launch in progress becomes when it fails. */
const FAILED: Partial<Record<AppLaunchStatus, AppLaunchStatus>> = {
  VALIDATION_IN_PROGRESS: 'LAUNCH_FAILED',
  LAUNCH_PENDING: 'LAUNCH_FAILED',
  LAUNCH_IN_PROGRESS: 'LAUNCH_FAILED',
  DELTA_LAUNCH_IN_PROGRESS: 'DELTA_LAUNCH_FAILED',
  TERMINATE_IN_PROGRESS: 'TERMINATE_FAILED',
};

/** Notes why the launch or termination failed. What a first launch left of its stack is removed, so that the next can begin. */
export async function failLaunch(
  { appId, launchNumber, failure }: { appId: string; launchNumber: number; failure: Failure },
  services: Services,
): Promise<Record<string, never>> {
  const { store, stacks, clock } = services;
  await failValidations({ appId, launchNumber, failure }, services);
  const app = await store.get('App', appId);
  const to = app && FAILED[app.launchStatus];
  if (!to) return {};
  if (to === 'LAUNCH_FAILED') await stacks.delete(stackNameOf(appId));
  const reason = describeFailure(failure);
  await store.transact([
    advance(unchanged('App', app), ['App Launch', to], {
      at: clock.now(),
      reason,
      set: { launchStatusMessage: reason },
    }),
  ]);
  return {};
}
