import type { ServerGroup as ServerGroupInput, Tag as TagInput } from '@aws-sdk/client-sms';
import { DEFAULT_GROUP } from '../../domain/app.ts';
import type { App, Server, ServerGroup, Tag } from '../../domain/entities.ts';
import type { Services } from '../../ports.ts';
import { invalidParameter, missingRequiredParameter, operationNotPermitted } from '../errors.ts';
import { findServers } from './find.ts';

/**
 * The groups of a request as they are kept: within the account's limits, each server once and in no other application. A group that names an id of
 * the application keeps it; others get a new one.
 */
export async function readServerGroups(
  groups: readonly ServerGroupInput[],
  app: Pick<App, 'id' | 'serverGroups'>,
  services: Services,
): Promise<{ serverGroups: ServerGroup[]; servers: Server[] }> {
  const serverGroups = groups.map((group, index) => readGroup(group, { index, app, services }));
  checkLimits(serverGroups, services);

  const servers = await findServers(
    serverGroups.flatMap(({ serverIds }) => serverIds),
    services,
  );
  const taken = servers.find(({ appId }) => appId !== undefined && appId !== app.id);
  if (taken)
    throw invalidParameter(`server ${taken.id} is in application ${taken.appId}; remove it there first with UpdateApp`);
  return { serverGroups, servers };
}

function readGroup(
  { serverGroupId, name, serverList = [] }: ServerGroupInput,
  { index, app, services }: { index: number; app: Pick<App, 'id' | 'serverGroups'>; services: Services },
): ServerGroup {
  const known = app.serverGroups.find((group) => group.serverGroupId === serverGroupId);
  if (serverGroupId && !known) {
    throw invalidParameter(
      `serverGroups[${index}].serverGroupId: application ${app.id} has no group ${serverGroupId}; leave the id out for a new group`,
    );
  }
  const serverIds = serverList.map(({ serverId }, position) => {
    if (serverId) return serverId;
    throw missingRequiredParameter(`serverGroups[${index}].serverList[${position}].serverId is required`);
  });
  return {
    serverGroupId: known?.serverGroupId ?? services.newId('sg', 17),
    name: name ?? known?.name ?? DEFAULT_GROUP,
    serverIds,
  };
}

function checkLimits(groups: readonly ServerGroup[], { config: { limits } }: Services) {
  const serverIds = groups.flatMap((group) => group.serverIds);
  if (groups.length > limits.serverGroupsPerApp) {
    throw operationNotPermitted(
      `${groups.length} server groups; an application has at most ${limits.serverGroupsPerApp}`,
    );
  }
  if (serverIds.length > limits.serversPerApp) {
    throw operationNotPermitted(`${serverIds.length} servers; an application has at most ${limits.serversPerApp}`);
  }
  const twice = serverIds.find((serverId, index) => serverIds.indexOf(serverId) !== index);
  if (twice) throw invalidParameter(`server ${twice} is named twice; a server is in one group`);
  const groupTwice = groups.find(
    ({ serverGroupId }, index) => groups.findIndex((one) => one.serverGroupId === serverGroupId) !== index,
  );
  if (groupTwice) throw invalidParameter(`server group ${groupTwice.serverGroupId} is named twice`);
}

/** Tags as they are kept. EC2 takes 50 a resource, and none that begins with `aws:`; the launched servers bear them all. */
const MAX_TAGS = 40;

export function readTags(tags: readonly TagInput[]): Tag[] {
  if (tags.length > MAX_TAGS) throw invalidParameter(`${tags.length} tags; an application has at most ${MAX_TAGS}`);
  return tags.map(({ key, value = '' }, index) => {
    if (!key) throw missingRequiredParameter(`tags[${index}].key is required`);
    if (key.length > 128 || value.length > 256)
      throw invalidParameter(`tags[${index}]: a key has at most 128 characters, a value 256`);
    if (/^aws:/i.test(key)) throw invalidParameter(`tags[${index}].key: ${key} begins with aws:, which is reserved`);
    if (tags.findIndex((tag) => tag.key === key) !== index)
      throw invalidParameter(`tags[${index}].key: ${key} is named twice`);
    return { key, value };
  });
}
