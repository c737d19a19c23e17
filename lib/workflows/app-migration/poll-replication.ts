import { GetAppCommand } from '@aws-sdk/client-sms';
import { recordStep } from './record.ts';
import {
  appIdOf,
  isReplicatedSinceBegin,
  type MigrationInput,
  type MigrationServices,
  nextWait,
  type Progress,
} from './services.ts';

const REPLICATED = ['REPLICATED', 'DELTA_REPLICATED'];
const FAILED = [
  'REPLICATION_FAILED',
  'PARTIALLY_REPLICATED',
  'DELTA_REPLICATION_FAILED',
  'REPLICATION_STOPPED',
  'REPLICATION_STOP_FAILED',
  'REPLICATION_STOPPING',
];

/** Asks how far the application's replication is; one call, however many servers it has. */
export async function pollReplication(input: MigrationInput, services: MigrationServices): Promise<Progress> {
  const { appSummary } = await services.sms.send(new GetAppCommand({ appId: appIdOf(input) }));
  const { replicationStatus = '', replicationStatusMessage } = appSummary ?? {};
  const message = replicationStatusMessage ? `${replicationStatus}: ${replicationStatusMessage}` : replicationStatus;
  const progress = { message, ...nextWait(input.state.replication) };
  if (FAILED.includes(replicationStatus)) return { ...progress, status: 'FAILED' };
  if (!REPLICATED.includes(replicationStatus) || !(await isReplicatedSinceBegin(input, appSummary, services.store)))
    return { ...progress, status: 'IN_PROGRESS' };
  await recordStep(input, 'REPLICATED', services);
  return { ...progress, status: 'REPLICATED' };
}
