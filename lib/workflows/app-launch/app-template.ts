import type { App, Image, S3Location, ServerLaunchConfiguration } from '../../domain/entities.ts';
import { renderTemplate, type Template, type TemplateServer } from '../../domain/template.ts';
import type { Services } from '../../ports.ts';

/** Something that the launch needs is not there. */
export class LaunchNotPossibleError extends Error {
  override readonly name = 'LaunchNotPossibleError';
}

/** The template of what a launch of the application would make now, and the servers in it: those that have an image. */
export async function appTemplate(
  app: App,
  images: ReadonlyMap<string, string>,
  services: Pick<Services, 'store' | 'objects'>,
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
  const rendered = await Promise.all(
    servers.map(({ launchOrder, configuration }) =>
      templateServer({ launchOrder, configuration, amiId: images.get(configuration.serverId)! }, services),
    ),
  );
  return {
    template: renderTemplate(app, rendered),
    serverIds: servers.map(({ configuration }) => configuration.serverId),
  };
}

async function templateServer(
  { launchOrder, configuration, amiId }: Pick<TemplateServer, 'launchOrder' | 'configuration' | 'amiId'>,
  services: Pick<Services, 'store' | 'objects'>,
): Promise<TemplateServer> {
  const server = await services.store.get('Server', configuration.serverId);
  const image = await services.store.get('Image', amiId);
  const userData = await userDataOf(configuration, services);
  return {
    vmName: server?.vmServer.vmName ?? configuration.serverId,
    amiId,
    launchOrder,
    configuration,
    ...(userData ? { userData } : {}),
    ...(image ? await encryptionOf(image, services) : {}),
  };
}

async function encryptionOf(
  { replicationJobId, snapshotIds }: Image,
  { store }: Pick<Services, 'store'>,
): Promise<Pick<TemplateServer, 'encryption'>> {
  const job = await store.get('ReplicationJob', replicationJobId);
  if (!job?.encrypted) return {};
  return { encryption: { disks: snapshotIds.length, ...(job.kmsKeyId ? { kmsKeyId: job.kmsKeyId } : {}) } };
}

/** The script that is to configure the server, after its user data where it has both. */
async function userDataOf(
  { userData, configureScript, configureScriptType }: ServerLaunchConfiguration,
  { objects }: Pick<Services, 'objects'>,
): Promise<string | undefined> {
  const own = userData && (await read(userData.s3Location, objects));
  const script = configureScript && (await read(configureScript, objects));
  const wrapped =
    script && (configureScriptType === 'POWERSHELL_SCRIPT' ? `<powershell>\n${script}\n</powershell>` : script);
  if (!own || !wrapped) return own ?? wrapped;
  return configureScriptType === 'POWERSHELL_SCRIPT' ? `${own}\n${wrapped}` : multipart([own, wrapped]);
}

async function read(location: S3Location, objects: Services['objects']): Promise<string> {
  const body = await objects.get(location);
  if (body === undefined)
    throw new LaunchNotPossibleError(
      `there is no object ${location.bucket}/${location.key}; put the script there first`,
    );
  return body;
}

/** Several user data parts as cloud-init takes them. Source: cloud-init, user data formats. */
function multipart(parts: readonly string[]): string {
  const boundary = 'rehost-user-data';
  const typed = parts.map((part) => {
    const type = part.startsWith('#cloud-config') ? 'text/cloud-config' : 'text/x-shellscript';
    return `--${boundary}\nContent-Type: ${type}; charset="utf-8"\n\n${part}\n`;
  });
  return `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${typed.join('')}--${boundary}--\n`;
}
