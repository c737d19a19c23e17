import { inApp, serverIdsOf } from '../../domain/app.ts';
import { bucketOf } from '../../domain/template.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { released } from '../replication-run/update-app.ts';

/** Removes the application's templates and what else lies under its name, frees the servers and marks it as deleted; its images stay. */
export async function deleteApp({ appId }: { appId: string }, services: Services): Promise<Record<string, never>> {
  const { store, clock, objects, config } = services;
  const app = await store.get('App', appId);
  if (app?.status !== 'DELETING') return {};
  await objects.removeAll({ bucket: bucketOf(config), key: `${appId}/` });
  const servers = await Promise.all(serverIdsOf(app).map((serverId) => store.get('Server', serverId)));
  const own = servers.filter((server) => server?.appId === appId).map((server) => inApp(server!, undefined));
  const deleted = advance(unchanged('App', app), ['App', 'DELETED'], {
    at: clock.now(),
    set: { lastModified: clock.now() },
  });
  const { items: validations } = await store.query('Validation', { index: 'byApp', partition: appId });
  for (const entity of validations) await store.transact([], [{ kind: 'Validation', entity }]);
  const entity = await store.get('ValidationConfiguration', appId);
  const configuration = entity ? [{ kind: 'ValidationConfiguration', entity } as const] : [];
  await store.transact([...(await released(deleted, services)), ...own], configuration);
  return {};
}
