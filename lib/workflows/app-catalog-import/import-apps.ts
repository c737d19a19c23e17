import { jobsOf } from '../../app-jobs.ts';
import { inApp, isLaunchBusy, isReplicationBusy, newApp, serverIdsOf } from '../../domain/app.ts';
import type { App, Connector, Server, ServerGroup } from '../../domain/entities.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { serverIdOf } from '../../domain/server-catalog.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { DiscoveredApplication, Services } from '../../ports.ts';

/** What the import made of the applications that the connectors know. */
export interface Imported {
  readonly created: number;
  readonly updated: number;
  /** Those that were left as they are, each with the reason. */
  readonly leftOut: readonly string[];
}

/** Role that an imported application has unless told. Source: user guide, application migration. */
const DEFAULT_ROLE = 'sms';

/**
 * Creates an application for each that the connectors know, or brings the one imported before up to date: one write each. Only servers of the catalog that
 * are in no other application are taken; an application without any is dropped, as SMS dropped it.
 */
export async function importApps({ roleName }: { roleName?: string }, services: Services): Promise<Imported> {
  const { store, connectors } = services;
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  const results: (string | 'created' | 'updated' | undefined)[] = [];
  for (const connector of items.filter(({ status }) => status === 'HEALTHY')) {
    for await (const found of connectors.applications(connector.id))
      results.push(await importApp(found, { connector, roleName }, services));
  }
  return {
    created: results.filter((result) => result === 'created').length,
    updated: results.filter((result) => result === 'updated').length,
    leftOut: results.filter(
      (result) => result !== undefined && result !== 'created' && result !== 'updated',
    ) as string[],
  };
}

async function importApp(
  found: DiscoveredApplication,
  { connector, roleName = DEFAULT_ROLE }: { connector: Connector; roleName: string | undefined },
  services: Services,
): Promise<string | 'created' | 'updated' | undefined> {
  const { store, config, newId, clock } = services;
  const importedAppId = `${connector.vmManagerId}/${found.id}`;
  const { items } = await store.query('App', { index: 'byImport', partition: importedAppId });
  const known = items[0];
  if (known && (await inUse(known, services))) return `${found.name}: it is being replicated or is launched`;

  const { groups, servers } = await groupsOf(found, { connector, known, services });
  if (servers.length === 0) return undefined;
  const { serverGroupsPerApp, serversPerApp } = config.limits;
  if (groups.length > serverGroupsPerApp || servers.length > serversPerApp)
    return `${found.name}: ${groups.length} groups with ${servers.length} servers; ${serverGroupsPerApp} and ${serversPerApp} are allowed`;

  const now = clock.now();
  const about = { name: found.name, ...(found.description ? { description: found.description } : {}) };
  const app = known
    ? updated(known, { ...about, serverGroups: groups, lastModified: now }, now)
    : newApp({ id: newId('app', 17), ...about, roleName, importedAppId, tags: [], serverGroups: groups, now });
  const left = await serversThatLeft(known, servers, services);
  const joined = servers.filter(({ appId }) => appId !== app.entity.id);
  await store.transact([
    app,
    ...joined.map((one) => inApp(one, app.entity.id)),
    ...left.map((one) => inApp(one, undefined)),
  ]);
  return known ? 'updated' : 'created';
}

const updated = (app: App, set: Partial<App>, at: number): Change<'App'> =>
  advance(advance(unchanged('App', app), ['App', 'UPDATING'], { at, set }), ['App', 'ACTIVE'], { at });

async function inUse(app: App, services: Services): Promise<boolean> {
  const active = isReplicationBusy(app) || isLaunchBusy(app) || app.stack !== undefined || app.status !== 'ACTIVE';
  return active || (await jobsOf(app, services)).some((job) => !isEnded(job));
}

/** The groups with those of their servers that can be taken; a group of the same name keeps its id. */
async function groupsOf(
  { serverGroups }: DiscoveredApplication,
  { connector, known, services }: { connector: Connector; known: App | undefined; services: Services },
): Promise<{ groups: ServerGroup[]; servers: Server[] }> {
  const groups: ServerGroup[] = [];
  const servers: Server[] = [];
  for (const { name, vmIds } of serverGroups) {
    const ids = vmIds.map((vmId) => serverIdOf(connector.vmManagerId, vmId));
    const all = await Promise.all(ids.map((id) => services.store.get('Server', id)));
    const free = all.filter(
      (one): one is Server =>
        one !== undefined && (!one.appId || one.appId === known?.id) && !servers.some(({ id }) => id === one.id),
    );
    const former = known?.serverGroups.find((group) => group.name === name);
    const serverGroupId = former?.serverGroupId ?? services.newId('sg', 17);
    if (free.length > 0) groups.push({ serverGroupId, name, serverIds: free.map(({ id }) => id) });
    servers.push(...free);
  }
  return { groups, servers };
}

async function serversThatLeft(
  known: App | undefined,
  stay: readonly Server[],
  { store }: Services,
): Promise<Server[]> {
  const gone = known ? serverIdsOf(known).filter((id) => !stay.some((one) => one.id === id)) : [];
  const servers = await Promise.all(gone.map((id) => store.get('Server', id)));
  return servers.filter((server) => server !== undefined);
}
