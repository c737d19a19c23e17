import type { App, ServerGroup } from '../../domain/entities.ts';
import { invalidParameter, missingRequiredParameter } from '../errors.ts';

/** The group of that id in the application. `path` leads to it in the request, for the message. */
export function groupOfApp(app: App, serverGroupId: string | undefined, path: string): ServerGroup {
  if (!serverGroupId) throw missingRequiredParameter(`${path}.serverGroupId is required; GetApp shows the groups' ids`);
  const group = app.serverGroups.find((one) => one.serverGroupId === serverGroupId);
  if (!group)
    throw invalidParameter(
      `${path}.serverGroupId: application ${app.id} has no group ${serverGroupId}; GetApp shows those it has`,
    );
  return group;
}

/** The id of the server, which must be in the group. */
export function serverOfGroup(group: ServerGroup, serverId: string | undefined, path: string): string {
  if (!serverId) throw missingRequiredParameter(`${path}.server.serverId is required`);
  if (group.serverIds.includes(serverId)) return serverId;
  throw invalidParameter(
    `${path}.server.serverId: server ${serverId} is not in group ${group.serverGroupId} (${group.name})`,
  );
}
