import { GetAppCommand } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** Notes that the application is migrated; answers where it stands. */
export async function recordMigrated(input: MigrationInput, services: MigrationServices) {
  const { appSummary } = await services.sms.send(new GetAppCommand({ appId: appIdOf(input) }));
  await recordStep(input, 'MIGRATED', services);
  return {
    appId: appSummary?.appId,
    stackName: appSummary?.launchDetails?.stackName,
    stackId: appSummary?.launchDetails?.stackId,
  };
}
