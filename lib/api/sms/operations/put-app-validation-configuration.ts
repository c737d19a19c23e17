import type { PutAppValidationConfigurationRequest, PutAppValidationConfigurationResponse } from '@aws-sdk/client-sms';
import type { ValidationConfiguration } from '../../../domain/entities.ts';
import { unchanged } from '../../../domain/transition.ts';
import { configuredValidations } from '../../../domain/validation.ts';
import type { Services } from '../../../ports.ts';
import { findLiveApp } from '../find.ts';
import { guardLaunchConfiguration } from '../guards.ts';
import { checkValidations, readAppValidations, readServerValidations } from '../validations.ts';
import { outcomesOf } from './delete-app-validation-configuration.ts';

/** Replaces the validations of an application. Those that the request names by their ids keep what they found. */
export async function putAppValidationConfiguration(
  {
    appId,
    appValidationConfigurations = [],
    serverGroupValidationConfigurations = [],
  }: PutAppValidationConfigurationRequest,
  services: Services,
): Promise<PutAppValidationConfigurationResponse> {
  const { store, clock } = services;
  const app = await findLiveApp(appId, services);
  guardLaunchConfiguration(app);
  const former = await store.get('ValidationConfiguration', app.id);
  const known = configuredValidations(former).map(({ validationId }) => validationId);
  const options = { app, known, services };
  const configuration: ValidationConfiguration = {
    ...(former ?? { id: app.id, version: 0, sequence: 0 }),
    appValidations: readAppValidations(appValidationConfigurations, options),
    serverValidations: readServerValidations(serverGroupValidationConfigurations, options),
  };
  checkValidations(configuration, services);

  const stay = configuredValidations(configuration).map(({ validationId }) => validationId);
  const gone = (await outcomesOf(app.id, services)).filter(({ entity }) => !stay.includes(entity.id));
  await store.transact(
    [unchanged('App', { ...app, lastModified: clock.now() }), unchanged('ValidationConfiguration', configuration)],
    gone,
  );
  return {};
}
