import type { ServerValidation } from '../../domain/app-configuration.ts';
import type { App, Image } from '../../domain/entities.ts';
import { renderTemplate, type Template, type TemplateServer } from '../../domain/template.ts';
import type { Services } from '../../ports.ts';
import { LaunchNotPossibleError } from './launch-not-possible-error.ts';
import { userDataOf } from './user-data.ts';

type Needs = Pick<Services, 'store' | 'objects' | 'config' | 'tokenSecret'>;

/** The template of what a launch of the application would make now, and the servers in it: those that have an image. */
export async function appTemplate(
  app: App,
  images: ReadonlyMap<string, string>,
  services: Needs,
): Promise<{ template: Template; serverIds: string[] }> {
  const servers = (app.launchConfiguration?.groups ?? []).flatMap(({ launchOrder, servers: configurations }) =>
    configurations
      .filter(({ serverId }) => images.has(serverId))
      .map((configuration) => ({ launchOrder, configuration })),
  );
  if (servers.length === 0) {
    throw new LaunchNotPossibleError(
      `application ${app.id}: no server that is replicated has launch settings; name the servers in PutAppLaunchConfiguration`,
    );
  }
  const { serverValidations = [] } = (await services.store.get('ValidationConfiguration', app.id)) ?? {};
  const rendered = await Promise.all(
    servers.map(({ launchOrder, configuration }) => {
      const { serverId } = configuration;
      const validation = serverValidations.find((one) => one.serverId === serverId);
      return templateServer({ launchOrder, configuration, amiId: images.get(serverId)!, validation }, services);
    }),
  );
  return {
    template: renderTemplate(app, rendered),
    serverIds: servers.map(({ configuration }) => configuration.serverId),
  };
}

async function templateServer(
  {
    validation,
    ...server
  }: Pick<TemplateServer, 'launchOrder' | 'configuration' | 'amiId'> & { validation: ServerValidation | undefined },
  services: Needs,
): Promise<TemplateServer> {
  const { configuration, amiId } = server;
  const known = await services.store.get('Server', configuration.serverId);
  const image = await services.store.get('Image', amiId);
  const userData = await userDataOf(configuration, validation, services);
  return {
    ...server,
    vmName: known?.vmServer.vmName ?? configuration.serverId,
    ...(userData ? { userData } : {}),
    volumeSizes: image?.disks.map(({ sizeGiB }) => sizeGiB) ?? [],
    ...(image ? await encryptionOf(image, services) : {}),
  };
}

async function encryptionOf(
  { replicationJobId }: Image,
  { store }: Pick<Services, 'store'>,
): Promise<Pick<TemplateServer, 'encryption'>> {
  const job = await store.get('ReplicationJob', replicationJobId);
  if (!job?.encrypted) return {};
  return { encryption: job.kmsKeyId ? { kmsKeyId: job.kmsKeyId } : {} };
}
