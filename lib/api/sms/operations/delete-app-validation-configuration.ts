import type {
  DeleteAppValidationConfigurationRequest,
  DeleteAppValidationConfigurationResponse,
} from '@aws-sdk/client-sms';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { findLiveApp } from '../find.ts';
import { guardLaunchConfiguration } from '../guards.ts';

/** Removes the validations of an application with what they found. */
export async function deleteAppValidationConfiguration(
  { appId }: DeleteAppValidationConfigurationRequest,
  services: Services,
): Promise<DeleteAppValidationConfigurationResponse> {
  const { store, clock } = services;
  const app = await findLiveApp(appId, services);
  guardLaunchConfiguration(app);
  const entity = await store.get('ValidationConfiguration', app.id);
  const configuration = entity ? [{ kind: 'ValidationConfiguration', entity } as const] : [];
  await store.transact(
    [unchanged('App', { ...app, lastModified: clock.now() })],
    [...configuration, ...(await outcomesOf(app.id, services))],
  );
  return {};
}

/** What the application's validations found, each to be removed. */
export async function outcomesOf(appId: string, { store }: Pick<Services, 'store'>) {
  const { items } = await store.query('Validation', { index: 'byApp', partition: appId });
  return items.map((entity) => ({ kind: 'Validation', entity }) as const);
}
