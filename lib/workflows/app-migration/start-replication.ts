import {
  GetAppCommand,
  OperationNotPermittedException,
  StartAppReplicationCommand,
  StartOnDemandAppReplicationCommand,
} from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import {
  appIdOf,
  isReplicatedSinceBegin,
  type MigrationInput,
  type MigrationServices,
  nextWait,
  type Progress,
} from './services.ts';

/** States in which replication goes on by itself: there is nothing to start. */
const UNDER_WAY = [
  'VALIDATION_IN_PROGRESS',
  'REPLICATION_PENDING',
  'REPLICATION_IN_PROGRESS',
  'DELTA_REPLICATION_IN_PROGRESS',
];

/** Starts replication, or one more run of the jobs that there are. Not again when this migration, or one that it goes on with, did so before. */
export async function startReplication(input: MigrationInput, services: MigrationServices): Promise<Progress> {
  const { sms } = services;
  const appId = appIdOf(input);
  const { appSummary } = await sms.send(new GetAppCommand({ appId }));
  const { replicationStatus = '' } = appSummary ?? {};
  const isDone = await isReplicatedSinceBegin(input, appSummary, services.store);
  if (!isDone && !UNDER_WAY.includes(replicationStatus)) {
    await sms.send(new StartAppReplicationCommand({ appId })).catch((error: Error) => {
      if (!(error instanceof OperationNotPermittedException)) throw error;
      // The jobs of an earlier pass still follow their schedule: what is wanted is one more run of each, now.
      return sms.send(new StartOnDemandAppReplicationCommand({ appId, description: `migration ${input.migration}` }));
    });
  }
  await recordStep(input, 'REPLICATING', services);
  return { status: 'IN_PROGRESS', message: replicationStatus, ...nextWait(undefined) };
}
