import { inApp, serverIdsOf } from '../../domain/app.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { released } from '../replication-run/update-app.ts';

/** Frees the servers and marks the application as deleted; its images stay. */
export async function deleteApp({ appId }: { appId: string }, services: Services): Promise<Record<string, never>> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  if (app?.status !== 'DELETING') return {};
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
