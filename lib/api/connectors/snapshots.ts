import { createHash } from 'node:crypto';
import type { Transfer } from '../../domain/entities.ts';
import { unchanged } from '../../domain/transition.ts';
import { type BlockGrant, type SendMessageResult, SNAPSHOT_ERRORS, type SnapshotMessage } from '../../messages.ts';
import { invalidParameter, ServiceError } from '../errors.ts';
import { demandTransfer } from './copy-result.ts';
import type { ConnectorServices, Speaker } from './services.ts';

/** Tag by which a snapshot names the transfer that it is of. */
export const TRANSFER_TAG = 'rehost:transfer';
/** Minutes in which the store must get a block of a pending snapshot: EBS's default. */
const TIMEOUT_MINUTES = 60;

type Start = Extract<SnapshotMessage, { type: 'START_SNAPSHOT' }>;

/**
 * What the service does to snapshots for a connector: a connector names its own transfer, and reaches the snapshots of that alone. Parents are those of the
 * last run of the same job, if it was this connector's.
 */
export async function snapshotMessage(message: SnapshotMessage, speaker: Speaker): Promise<SendMessageResult> {
  const transfer = await demandTransfer(message, speaker);
  try {
    return await act(message, transfer, speaker);
  } catch (error) {
    throw error instanceof Error && SNAPSHOT_ERRORS.includes(error.name)
      ? new ServiceError(error.name, error.message)
      : error;
  }
}

async function act(message: SnapshotMessage, transfer: Transfer, speaker: Speaker): Promise<SendMessageResult> {
  const { services } = speaker;
  switch (message.type) {
    case 'START_SNAPSHOT':
      return start(message, transfer, speaker);
    case 'GRANT_BLOCKS':
      return { blocks: await grant(transfer, speaker) };
    case 'DESCRIBE_SNAPSHOT': {
      const own = [...transfer.targets, ...(await parentsOf(transfer, services))].includes(message.snapshotId);
      const state = own ? await services.snapshots.state(message.snapshotId) : undefined;
      return state === undefined ? {} : { state };
    }
    case 'COMPLETE_SNAPSHOT': {
      const { written, linear } = message;
      const id = demandTarget(message.snapshotId, transfer);
      await services.snapshots.complete(id, { written, ...(linear ? { linear: Buffer.from(linear, 'hex') } : {}) });
      return {};
    }
    case 'REMOVE_SNAPSHOT':
      // Those of earlier runs are the service's to remove.
      if (transfer.targets.includes(message.snapshotId)) await services.snapshots.remove(message.snapshotId);
      return {};
  }
}

function demandTarget(id: string, { id: transferId, targets }: Transfer): string {
  if (targets.includes(id)) return id;
  throw invalidParameter(`snapshotId: ${id} is not a snapshot of transfer ${transferId}`);
}

/** The snapshots that this connector may build on. */
export async function parentsOf(
  { replicationJobId, connectorId }: Transfer,
  { store }: Pick<ConnectorServices, 'store'>,
): Promise<readonly string[]> {
  const baseline = await store.get('Baseline', replicationJobId);
  return baseline?.connectorId === connectorId ? (baseline?.snapshotIds ?? []) : [];
}

/** A connector within the service's own process has the store itself. */
const grant = async (transfer: Transfer, { connector, services }: Speaker): Promise<BlockGrant> =>
  connector.accessKeyId === undefined ? {} : services.blockAccess.grant(transfer, await parentsOf(transfer, services));

/** Begins a snapshot and notes that it is the transfer's; nothing can be put before. The same token again answers the same. */
async function start(
  { token, sizeGiB, parent }: Start,
  transfer: Transfer,
  speaker: Speaker,
): Promise<SendMessageResult> {
  const { services } = speaker;
  if (parent !== undefined && !(await parentsOf(transfer, services)).includes(parent))
    throw invalidParameter(`parent: ${parent} is not of the last run of job ${transfer.replicationJobId}`);
  const { id } = await services.snapshots.start({
    sizeGiB,
    ...(parent !== undefined ? { parent } : transfer.kmsKeyId ? { kmsKeyArn: transfer.kmsKeyId } : {}),
    token: createHash('sha256')
      .update(JSON.stringify([transfer.id, transfer.attempt, token]))
      .digest('hex'),
    description: transfer.description,
    tags: { SMSJobId: transfer.replicationJobId, [TRANSFER_TAG]: transfer.id },
    timeoutMinutes: TIMEOUT_MINUTES,
  });
  const noted = transfer.targets.includes(id) ? transfer : { ...transfer, targets: [...transfer.targets, id] };
  if (noted !== transfer) await services.store.transact([unchanged('Transfer', noted)]);
  return { snapshotId: id, blocks: await grant(noted, speaker) };
}
