import {
  CreateAppCommand,
  GetAppCommand,
  ImportServerCatalogCommand,
  ListAppsCommand,
  paginateGetServers,
  type ServerGroup,
  UpdateAppCommand,
} from '@aws-sdk/client-sms';
import { TransientError } from '../transient-error.ts';
import { type MigrationPlan, PlanError, readPlan } from './plan.ts';
import { recordStep } from './record.ts';
import type { MigrationInput, MigrationServices } from './services.ts';

export class ServersNotFoundError extends Error {
  override readonly name = 'ServersNotFoundError';
}

/** Creates the application of the plan, or brings the one of that name to it. The migration's name is the client token, so a repeat finds the first. */
export async function createApp(
  input: MigrationInput,
  services: MigrationServices,
): Promise<{ appId: string; name: string }> {
  const plan = readPlan(input.plan);
  await checkResume(plan, services);
  await recordStep(input, 'REQUESTED', services);
  const { sms } = services;
  const serverIds = await findServers(plan, services);
  const serverGroups = plan.serverGroups.map(({ name, servers }) => ({
    name,
    serverList: servers.map((server) => ({ serverId: serverIds.get(server.name) })),
  }));
  const known = await findApp(plan.app.name, services);
  const { tags = {}, ...app } = plan.app;
  const request = { ...app, tags: Object.entries(tags).map(([key, value]) => ({ key, value: String(value) })) };
  const { appSummary } = known
    ? await sms.send(
        new UpdateAppCommand({
          ...request,
          appId: known,
          serverGroups: await sameGroups(known, serverGroups, services),
        }),
      )
    : await sms.send(new CreateAppCommand({ ...request, serverGroups, clientToken: input.migration }));
  const appId = appSummary!.appId!;
  await recordStep(input, 'APP_CREATED', { ...services, appId });
  return { appId, name: plan.app.name };
}

async function checkResume({ app, resume }: MigrationPlan, { store }: MigrationServices) {
  if (resume === undefined) return;
  const former = await store.get('Migration', resume);
  if (former?.appName === app.name && former.state === 'FAILED') return;
  const found = former
    ? `${resume} is ${former.state}, of application ${former.appName}`
    : `there is no migration ${resume}`;
  throw new PlanError(
    `resume: ${found}; name a migration of ${app.name} that failed, or leave it out to replicate anew`,
  );
}

/** The ids of the plan's servers by name. Imports the catalog where there is none yet. */
async function findServers({ serverGroups }: MigrationPlan, { sms }: MigrationServices): Promise<Map<string, string>> {
  const found = new Map<string, string[]>();
  for await (const page of paginateGetServers({ client: sms }, {})) {
    if (page.serverCatalogStatus === 'IMPORTING') throw new TransientError('the server catalog is being imported');
    if (page.serverCatalogStatus !== 'AVAILABLE') {
      await sms.send(new ImportServerCatalogCommand({}));
      throw new TransientError(`the server catalog was ${page.serverCatalogStatus}; its import has begun`);
    }
    for (const { serverId, vmServer } of page.serverList ?? [])
      found.set(vmServer!.vmName!, [...(found.get(vmServer!.vmName!) ?? []), serverId!]);
  }
  const names = serverGroups.flatMap(({ servers }) => servers.map(({ name }) => name));
  const problem = names.find((name) => found.get(name)?.length !== 1);
  if (problem === undefined) return new Map(names.map((name) => [name, found.get(name)![0]!]));
  const ids = found.get(problem);
  throw new ServersNotFoundError(
    ids
      ? `server ${problem} is several times in the catalog (${ids.join(', ')}); give the servers different names`
      : `server ${problem} is not in the catalog; import it again, or correct its name in the plan`,
  );
}

async function findApp(name: string, { sms }: MigrationServices): Promise<string | undefined> {
  let nextToken: string | undefined;
  do {
    const page = await sms.send(new ListAppsCommand({ nextToken }));
    const app = page.apps?.find((one) => one.name === name);
    if (app) return app.appId;
    nextToken = page.nextToken;
  } while (nextToken);
  return undefined;
}

/** The plan's groups with the ids that the application's groups of the same names have. */
async function sameGroups(
  appId: string,
  groups: readonly ServerGroup[],
  { sms }: MigrationServices,
): Promise<ServerGroup[]> {
  const { serverGroups = [] } = await sms.send(new GetAppCommand({ appId }));
  return groups.map((group) => {
    const known = serverGroups.find(({ name }) => name === group.name);
    return known ? { ...group, serverGroupId: known.serverGroupId } : group;
  });
}
