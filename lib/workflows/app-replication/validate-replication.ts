import { serverIdsOf } from '../../domain/app.ts';
import type { VmServer } from '../../domain/entities.ts';
import { demandOneManager } from '../../domain/group.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

export class ServerCannotBeReplicatedError extends Error {
  override readonly name = 'ServerCannotBeReplicatedError';
}

/** Moves the application to REPLICATION_PENDING once each of its servers can be replicated. */
export async function validateReplication(
  { appId }: { appId: string },
  services: Services,
): Promise<Record<string, never>> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  if (app?.replicationStatus !== 'VALIDATION_IN_PROGRESS') return {};
  const { items: connectors } = await store.query('Connector', { index: 'all', partition: 'all' });
  const managers = connectors.filter(({ status }) => status === 'HEALTHY').map(({ vmManagerId }) => vmManagerId);
  const servers: VmServer[] = [];
  for (const serverId of serverIdsOf(app)) servers.push(await checkedServer(serverId, managers, services));
  demandOneManager(app, servers);
  await store.transact([
    advance(unchanged('App', app), ['App Replication', 'REPLICATION_PENDING'], { at: clock.now() }),
  ]);
  return {};
}

async function checkedServer(serverId: string, managers: readonly string[], { store }: Services): Promise<VmServer> {
  const server = await store.get('Server', serverId);
  if (!server)
    throw new ServerCannotBeReplicatedError(
      `server ${serverId} is no longer in the catalog; import it again or remove it from the application`,
    );
  const { vmName, vmServerAddress } = server.vmServer;
  if (!managers.includes(vmServerAddress.vmManagerId)) {
    throw new ServerCannotBeReplicatedError(
      `no healthy connector sees server ${serverId} (${vmName}); start one, GetConnectors shows their state`,
    );
  }
  const job = server.replicationJobId ? await store.get('ReplicationJob', server.replicationJobId) : undefined;
  if (job && !isEnded(job))
    throw new ServerCannotBeReplicatedError(
      `server ${serverId} (${vmName}) has replication job ${job.id}; delete that first`,
    );
  return server.vmServer;
}
