import type { CreateReplicationJobRequest, CreateReplicationJobResponse } from '@aws-sdk/client-sms';
import type { Server } from '../../../domain/entities.ts';
import { isEnded, NO_USAGE, newReplicationJob, used } from '../../../domain/replication-job.ts';
import type { Services } from '../../../ports.ts';
import {
  invalidParameter,
  noConnectorsAvailable,
  operationNotPermitted,
  replicationJobAlreadyExists,
} from '../../errors.ts';
import { findServer } from '../find.ts';
import { readReplicationParameters, readSeedTime } from '../replication-parameters.ts';

/** A job for one server: its first run at the seed time, then one every `frequency` hours. */
export async function createReplicationJob(
  input: CreateReplicationJobRequest,
  services: Services,
): Promise<CreateReplicationJobResponse> {
  const { store, clock, newId, config } = services;
  const parameters = readReplicationParameters(input, '', services);
  const seedReplicationTime = readSeedTime(input.seedReplicationTime, 'seedReplicationTime', services)!;
  if (!parameters.frequency && !parameters.runOnce) {
    throw invalidParameter('frequency: give the hours between runs, or set runOnce for a single run');
  }
  const server = await findServer(input.serverId!, services);
  await guardServer(server, services);

  const usage = (await store.get('Usage', 'account')) ?? NO_USAGE;
  if (usage.replicatingServers >= config.limits.replicatingServers) {
    throw operationNotPermitted(
      `${usage.replicatingServers} servers are being replicated; at most ${config.limits.replicatingServers} may be at once, delete a job first`,
    );
  }
  const jobId = newId('sms-job', 8);
  const { roleName, description } = input;
  const rest = {
    ...(roleName === undefined ? {} : { roleName }),
    ...(description === undefined ? {} : { description }),
  };
  const changes = newReplicationJob({
    ...rest,
    jobId,
    runId: newId('sms-run', 8),
    server,
    parameters,
    seedReplicationTime,
    now: clock.now(),
  });
  await store.transact([...changes, used(usage, { servers: 1 }, config.limits)]);
  return { replicationJobId: jobId };
}

async function guardServer(server: Server, { store }: Services) {
  const job = server.replicationJobId ? await store.get('ReplicationJob', server.replicationJobId) : undefined;
  if (job && !isEnded(job)) {
    throw replicationJobAlreadyExists(
      `server ${server.id} has replication job ${job.id} (${job.state}); delete it with DeleteReplicationJob first`,
    );
  }
  if (server.appId) {
    throw operationNotPermitted(
      `server ${server.id} belongs to application ${server.appId}, which replicates it; use StartAppReplication`,
    );
  }
  const { items: connectors } = await store.query('Connector', { index: 'all', partition: 'all' });
  const { vmManagerId } = server.vmServer.vmServerAddress;
  if (!connectors.some((connector) => connector.status === 'HEALTHY' && connector.vmManagerId === vmManagerId)) {
    throw noConnectorsAvailable(
      `no healthy connector sees server ${server.id} (manager ${vmManagerId}); start one, GetConnectors shows their state`,
    );
  }
}
