import { GetAppCommand } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices, nextWait, type Progress } from './services.ts';

const FAILED = [
  'LAUNCH_FAILED',
  'DELTA_LAUNCH_FAILED',
  'PARTIALLY_LAUNCHED',
  'TERMINATE_IN_PROGRESS',
  'TERMINATED',
  'TERMINATE_FAILED',
];

/** Asks whether the application is launched. */
export async function pollLaunch(input: MigrationInput, services: MigrationServices): Promise<Progress> {
  const { appSummary } = await services.sms.send(new GetAppCommand({ appId: appIdOf(input) }));
  const { launchStatus = '', launchStatusMessage, launchDetails } = appSummary ?? {};
  const progress = {
    message: launchStatusMessage ? `${launchStatus}: ${launchStatusMessage}` : launchStatus,
    ...nextWait(input.state.launch),
  };
  if (FAILED.includes(launchStatus)) return { ...progress, status: 'FAILED' };
  const fresh = (launchDetails?.latestLaunchTime?.getTime() ?? 0) >= Date.parse(input.startedAt);
  if (launchStatus !== 'LAUNCHED' || !fresh) return { ...progress, status: 'IN_PROGRESS' };
  await recordStep(input, 'LAUNCHED', services);
  return { ...progress, status: 'LAUNCHED' };
}
