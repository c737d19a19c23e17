import type { UpdateAppRequest, UpdateAppResponse } from '@aws-sdk/client-sms';
import {
  inApp,
  isReplicationBusy,
  replicationConfigurationProblem,
  replicationConfigured,
  serverIdsOf,
} from '../../../domain/app.ts';
import type { App, Server } from '../../../domain/entities.ts';
import { advance, type Change, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted } from '../../errors.ts';
import { findLiveApp } from '../find.ts';
import { appOutput } from '../outputs.ts';
import { readServerGroups, readTags } from '../server-groups.ts';

/** Replaces the members that are given; servers that their groups no longer name leave the application. */
export async function updateApp(input: UpdateAppRequest, services: Services): Promise<UpdateAppResponse> {
  const { store, clock } = services;
  const app = await findLiveApp(input.appId, services);
  guard(app);

  const { serverGroups, servers } = input.serverGroups
    ? await readServerGroups(input.serverGroups, app, services)
    : { serverGroups: app.serverGroups, servers: undefined };
  const left = servers ? await serversThatLeave(app, servers, services) : [];
  const joining = servers?.filter(({ appId }) => appId !== app.id) ?? [];

  const at = clock.now();
  const set = { ...given(input), serverGroups, lastModified: at, ...withoutServers(app, left) };
  const updating = advance(unchanged('App', app), ['App', 'UPDATING'], { at, set });
  const updated = advance(configuredAnew(updating, at), ['App', 'ACTIVE'], { at });
  await store.transact([
    updated,
    ...joining.map((server) => inApp(server, app.id)),
    ...left.map((server) => inApp(server, undefined)),
  ]);
  return appOutput(updated.entity, services);
}

function guard(app: App) {
  if (app.importedAppId) {
    throw operationNotPermitted(
      `application ${app.id} was imported and cannot be changed here; change it where it came from, and import it again`,
    );
  }
  if (isReplicationBusy(app)) {
    throw operationNotPermitted(
      `replication of application ${app.id} is ${app.replicationStatus}; wait for its end or stop it with StopAppReplication`,
    );
  }
  if (app.status === 'DELETE_FAILED')
    throw operationNotPermitted(`application ${app.id} is half deleted; call DeleteApp again`);
}

/** A configuration that is not in use yet is checked against the new servers. */
function configuredAnew(change: Change<'App'>, at: number): Change<'App'> {
  const { replicationConfiguration: configuration, replicationStatus } = change.entity;
  const waiting = replicationStatus === 'READY_FOR_REPLICATION' || replicationStatus === 'CONFIGURATION_INVALID';
  if (!configuration || !waiting) return change;
  const problem = replicationConfigurationProblem(change.entity, configuration);
  const changes = (problem === undefined) === (replicationStatus === 'CONFIGURATION_INVALID');
  return changes ? replicationConfigured(change, { configuration, problem }, at) : change;
}

const given = ({ name, description, roleName, tags }: UpdateAppRequest): Partial<App> => ({
  ...(name === undefined ? {} : { name }),
  ...(description === undefined ? {} : { description }),
  ...(roleName === undefined ? {} : { roleName }),
  ...(tags === undefined ? {} : { tags: readTags(tags) }),
});

async function serversThatLeave(app: App, stay: readonly Server[], { store }: Services): Promise<Server[]> {
  const gone = serverIdsOf(app).filter((serverId) => !stay.some(({ id }) => id === serverId));
  const replicating = gone.find((serverId) => app.replicationJobIds[serverId]);
  if (replicating && !['REPLICATION_STOPPED', 'READY_FOR_REPLICATION'].includes(app.replicationStatus)) {
    const jobId = app.replicationJobIds[replicating]!;
    const job = await store.get('ReplicationJob', jobId);
    if (job && !['COMPLETED', 'FAILED', 'DELETED'].includes(job.state)) {
      throw operationNotPermitted(
        `server ${replicating} has replication job ${jobId}; stop it with StopAppReplication before you remove the server`,
      );
    }
  }
  const servers = await Promise.all(gone.map((serverId) => store.get('Server', serverId)));
  return servers.filter((server) => server !== undefined);
}

/** The configurations without the servers that left. */
function withoutServers(app: App, left: readonly Server[]): Partial<App> {
  const stays = ({ serverId }: { serverId: string }) => !left.some(({ id }) => id === serverId);
  const { replicationConfiguration, launchConfiguration, replicationJobIds } = app;
  return {
    replicationJobIds: Object.fromEntries(
      Object.entries(replicationJobIds).filter(([serverId]) => stays({ serverId })),
    ),
    ...(replicationConfiguration ? { replicationConfiguration: replicationConfiguration.filter(stays) } : {}),
    ...(launchConfiguration
      ? {
          launchConfiguration: {
            ...launchConfiguration,
            groups: launchConfiguration.groups.map((group) => ({ ...group, servers: group.servers.filter(stays) })),
          },
        }
      : {}),
  };
}
