import type {
  AppValidationConfiguration,
  ServerGroupValidationConfiguration,
  ServerValidationConfiguration,
} from '@aws-sdk/client-sms';
import type { AppValidation, S3Location, ServerValidation } from '../../domain/app-configuration.ts';
import type { App, ServerGroup } from '../../domain/entities.ts';
import { type Configured, configuredValidations } from '../../domain/validation.ts';
import type { Services } from '../../ports.ts';
import { invalidParameter, missingRequiredParameter, operationNotPermitted } from '../errors.ts';
import { groupOfApp, serverOfGroup } from './app-members.ts';
import { readLocation } from './s3-location.ts';

/** Seconds that a script may run unless told; the default of SMS's console. Source: user guide, application migration. */
const DEFAULT_TIMEOUT = 900;

export interface ReadOptions {
  readonly app: App;
  /** The ids that the application's configuration has; a request may name them again, others not. */
  readonly known: readonly string[];
  readonly services: Services;
}

/** The validations by Systems Manager of a request, as they are kept. */
export const readAppValidations = (inputs: readonly AppValidationConfiguration[], options: ReadOptions) =>
  inputs.map((input, index) => readAppValidation(input, { ...options, path: `appValidationConfigurations[${index}]` }));

function readAppValidation(
  input: AppValidationConfiguration,
  { path, ...options }: ReadOptions & { path: string },
): AppValidation {
  const { appValidationStrategy = 'SSM', ssmValidationParameters: ssm = {} } = input;
  const at = `${path}.ssmValidationParameters`;
  const { instanceId, command, executionTimeoutSeconds = DEFAULT_TIMEOUT, outputS3BucketName } = ssm;
  if (!instanceId)
    throw missingRequiredParameter(`${at}.instanceId is required: the managed instance that runs the script`);
  if (!command) throw missingRequiredParameter(`${at}.command is required: the command line that runs the script`);
  if (outputS3BucketName && !outputS3BucketName.startsWith('sms-app-'))
    throw invalidParameter(`${at}.outputS3BucketName: ${outputS3BucketName}; its name must begin with sms-app-`);
  return {
    ...readName(input, { path, ...options }),
    appValidationStrategy,
    ssmValidationParameters: {
      ...readScript(ssm, at),
      instanceId,
      command,
      executionTimeoutSeconds,
      ...(outputS3BucketName ? { outputS3BucketName } : {}),
    },
  };
}

/** The validations by user data of a request, as they are kept. */
export const readServerValidations = (groups: readonly ServerGroupValidationConfiguration[], options: ReadOptions) =>
  groups.flatMap(({ serverGroupId, serverValidationConfigurations: servers = [] }, index) => {
    const path = `serverGroupValidationConfigurations[${index}]`;
    const group = groupOfApp(options.app, serverGroupId, path);
    return servers.map((server, position) =>
      readServerValidation(server, { ...options, group, path: `${path}.serverValidationConfigurations[${position}]` }),
    );
  });

function readServerValidation(
  input: ServerValidationConfiguration,
  { group, path, ...options }: ReadOptions & { group: ServerGroup; path: string },
): ServerValidation {
  const { serverValidationStrategy = 'USERDATA', userDataValidationParameters: userData = {} } = input;
  return {
    serverGroupId: group.serverGroupId,
    serverId: serverOfGroup(group, input.server?.serverId, path),
    ...readName(input, { path, ...options }),
    serverValidationStrategy,
    userDataValidationParameters: readScript(userData, `${path}.userDataValidationParameters`),
  };
}

function readName(
  { validationId, name }: { validationId?: string | undefined; name?: string | undefined },
  { path, known, app, services }: ReadOptions & { path: string },
) {
  if (!name) throw missingRequiredParameter(`${path}.name is required: a name without spaces`);
  if (validationId && !known.includes(validationId)) {
    throw invalidParameter(
      `${path}.validationId: application ${app.id} has no validation ${validationId}; leave the id out for a new one`,
    );
  }
  return { validationId: validationId ?? services.newId('val', 17), name };
}

function readScript(
  { source, scriptType }: { source?: unknown; scriptType?: 'SHELL_SCRIPT' | 'POWERSHELL_SCRIPT' | undefined },
  path: string,
) {
  const { s3Location } = (source ?? {}) as { s3Location?: S3Location };
  const location = readLocation(s3Location, `${path}.source.s3Location`);
  if (!location) throw missingRequiredParameter(`${path}.source.s3Location is required: bucket and key of the script`);
  if (!scriptType) throw missingRequiredParameter(`${path}.scriptType is required: SHELL_SCRIPT or POWERSHELL_SCRIPT`);
  return { source: { s3Location: location }, scriptType };
}

/** Refuses what no validation configuration may be: too many, too much, or something twice. */
export function checkValidations(
  configuration: { appValidations: readonly AppValidation[]; serverValidations: readonly ServerValidation[] },
  { config: { limits } }: Pick<Services, 'config'>,
) {
  const { appValidations, serverValidations } = configuration;
  if (appValidations.length > limits.appValidations) {
    throw operationNotPermitted(
      `${appValidations.length} validations by Systems Manager; an application has at most ${limits.appValidations}`,
    );
  }
  const server = repeated(serverValidations.map(({ serverId }) => serverId));
  if (server) throw invalidParameter(`server ${server} has two validations; put both into one script`);
  const all: readonly Configured[] = configuredValidations({ id: '', version: 0, sequence: 0, ...configuration });
  const id = repeated(all.map(({ validationId }) => validationId));
  if (id) throw invalidParameter(`validation ${id} is named twice`);
  const bytes = Buffer.byteLength(JSON.stringify(configuration));
  if (bytes > limits.validationConfigurationBytes) {
    throw operationNotPermitted(
      `the validation configuration has ${bytes} bytes, ${limits.validationConfigurationBytes} are allowed; put long commands into the scripts`,
    );
  }
}

const repeated = (values: readonly string[]) => values.find((value, index) => values.indexOf(value) !== index);
