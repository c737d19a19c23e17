import { GetAppCommand, LaunchAppCommand } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices, nextWait, type Progress } from './services.ts';

const UNDER_WAY = ['VALIDATION_IN_PROGRESS', 'LAUNCH_PENDING', 'LAUNCH_IN_PROGRESS', 'DELTA_LAUNCH_IN_PROGRESS'];

/** Launches the application. Not again when this migration did so before. */
export async function launchApp(input: MigrationInput, services: MigrationServices): Promise<Progress> {
  const { sms } = services;
  const appId = appIdOf(input);
  const { appSummary } = await sms.send(new GetAppCommand({ appId }));
  const { launchStatus = '', launchDetails } = appSummary ?? {};
  const done = (launchDetails?.latestLaunchTime?.getTime() ?? 0) >= Date.parse(input.startedAt);
  if (!done && !UNDER_WAY.includes(launchStatus)) await sms.send(new LaunchAppCommand({ appId }));
  await recordStep(input, 'LAUNCHING', services);
  return { status: 'IN_PROGRESS', message: launchStatus, ...nextWait(undefined) };
}
