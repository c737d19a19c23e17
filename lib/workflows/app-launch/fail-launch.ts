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
  const left = to === 'LAUNCH_FAILED' ? await removeStack(stackNameOf(appId), stacks) : '';
  const reason = `${describeFailure(failure)}${left}`;
  await store.transact([
    advance(unchanged('App', app), ['App Launch', to], {
      at: clock.now(),
      reason,
      set: { launchStatusMessage: reason },
    }),
  ]);
  return {};
}

/** Begins to remove what stands of the stack. That it cannot must not keep the failure from being noted: a person is told to do it. */
async function removeStack(stackName: string, stacks: Services['stacks']): Promise<string> {
  try {
    await stacks.delete(stackName);
    return '';
  } catch (error) {
    return `; stack ${stackName} could not be deleted either (${(error as Error).message}): delete it before the next launch`;
  }
}
