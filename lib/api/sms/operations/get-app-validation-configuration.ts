import type { GetAppValidationConfigurationRequest, GetAppValidationConfigurationResponse } from '@aws-sdk/client-sms';
import type { AppValidation, ServerValidation } from '../../../domain/app-configuration.ts';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { serverById } from '../outputs.ts';

export async function getAppValidationConfiguration(
  { appId }: GetAppValidationConfigurationRequest,
  services: Services,
): Promise<GetAppValidationConfigurationResponse> {
  const app = await findApp(appId, services);
  const configuration = await services.store.get('ValidationConfiguration', app.id);
  const { appValidations = [], serverValidations = [] } = configuration ?? {};
  const groupIds = [...new Set(serverValidations.map(({ serverGroupId }) => serverGroupId))];
  return {
    appValidationConfigurations: appValidations.map(appValidation),
    serverGroupValidationConfigurations: await Promise.all(
      groupIds.map(async (serverGroupId) => ({
        serverGroupId,
        serverValidationConfigurations: await Promise.all(
          serverValidations
            .filter((one) => one.serverGroupId === serverGroupId)
            .map((one) => serverValidation(one, services)),
        ),
      })),
    ),
  };
}

const appValidation = ({ ssmValidationParameters: { source, ...parameters }, ...validation }: AppValidation) => ({
  ...validation,
  ssmValidationParameters: { ...parameters, source: { s3Location: source.s3Location } },
});

async function serverValidation(
  { serverGroupId: _, serverId, userDataValidationParameters, ...validation }: ServerValidation,
  services: Services,
) {
  const { source, scriptType } = userDataValidationParameters;
  return {
    server: await serverById(serverId, services),
    ...validation,
    userDataValidationParameters: { source: { s3Location: source.s3Location }, scriptType },
  };
}
