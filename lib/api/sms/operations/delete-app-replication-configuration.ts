import type {
  DeleteAppReplicationConfigurationRequest,
  DeleteAppReplicationConfigurationResponse,
} from '@aws-sdk/client-sms';
import { replicationConfigured } from '../../../domain/app.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { findLiveApp } from '../find.ts';
import { guardReplicationConfiguration } from '../guards.ts';

export async function deleteAppReplicationConfiguration(
  { appId }: DeleteAppReplicationConfigurationRequest,
  services: Services,
): Promise<DeleteAppReplicationConfigurationResponse> {
  const app = await findLiveApp(appId, services);
  await guardReplicationConfiguration(app, services);
  await services.store.transact([
    replicationConfigured(unchanged('App', app), { configuration: undefined }, services.clock.now()),
  ]);
  return {};
}
