import type { App, Server, ServerCatalog } from '../../domain/entities.ts';
import { NO_CATALOG } from '../../domain/server-catalog.ts';
import type { Services } from '../../ports.ts';
import { invalidParameter, missingRequiredParameter } from '../errors.ts';

/** The application of that id. Throws MissingRequiredParameter, InvalidParameter. */
export async function findApp(appId: string | undefined, { store }: Pick<Services, 'store'>): Promise<App> {
  if (!appId)
    throw missingRequiredParameter('appId is required: name the application, for example app-0123456789abcdef0');
  const app = await store.get('App', appId);
  if (!app) throw invalidParameter(`no application ${appId}; ListApps lists those there are`);
  return app;
}

/** The same, but not one that is deleted or being deleted. */
export async function findLiveApp(appId: string | undefined, services: Pick<Services, 'store'>): Promise<App> {
  const app = await findApp(appId, services);
  if (app.status === 'DELETED') throw invalidParameter(`application ${app.id} was deleted`);
  if (app.status === 'DELETING') throw invalidParameter(`application ${app.id} is being deleted`);
  return app;
}

export async function findServer(serverId: string, { store }: Pick<Services, 'store'>): Promise<Server> {
  const server = await store.get('Server', serverId);
  if (!server)
    throw invalidParameter(
      `no server ${serverId} in the catalog; import it with ImportServerCatalog, GetServers lists it then`,
    );
  return server;
}

/** The servers of these ids, in their order. Throws InvalidParameter for the first that is not in the catalog. */
export const findServers = (serverIds: readonly string[], services: Pick<Services, 'store'>) =>
  Promise.all(serverIds.map((serverId) => findServer(serverId, services)));

/** The catalog; one that was never imported is not kept anywhere. */
export const findCatalog = async ({ store }: Pick<Services, 'store'>): Promise<ServerCatalog> => ({
  ...NO_CATALOG,
  ...(await store.get('ServerCatalog', 'catalog')),
});
