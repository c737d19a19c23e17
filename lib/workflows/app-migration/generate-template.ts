import { GenerateTemplateCommand, type S3Location } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import { appIdOf, type MigrationInput, type MigrationServices } from './services.ts';

/** Writes the application's template, for whoever approves or reviews the launch. */
export async function generateTemplate(input: MigrationInput, services: MigrationServices): Promise<S3Location> {
  const { s3Location } = await services.sms.send(
    new GenerateTemplateCommand({ appId: appIdOf(input), templateFormat: 'YAML' }),
  );
  await recordStep(input, 'TEMPLATE_GENERATED', services);
  return s3Location!;
}
