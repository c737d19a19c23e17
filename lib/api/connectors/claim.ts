import type { Connector, Transfer } from '../../domain/entities.ts';
import { advance, onBehalfOf, unchanged } from '../../domain/transition.ts';
import type { Work } from '../../messages.ts';
import { ConflictError, eachPage } from '../../store.ts';
import { type ConnectorServices, GRACE, LEASE, type Speaker } from './services.ts';

/** The transfers of that state whose servers are the manager's. */
export async function transfersOf(
  vmManagerId: string,
  state: 'QUEUED' | 'CLAIMED',
  { store }: Pick<ConnectorServices, 'store'>,
): Promise<Transfer[]> {
  const found: Transfer[] = [];
  for await (const page of eachPage(store, 'Transfer', { index: 'byState', partition: state }))
    found.push(...page.filter(({ vmServer }) => vmServer.vmServerAddress.vmManagerId === vmManagerId));
  return found;
}

/** Whether its connector has been silent for so long that another may have the transfer. */
export const isExpired = ({ leaseExpiresAt = 0 }: Transfer, now: number) => leaseExpiresAt + GRACE < now;

/**
 * Makes the transfer this connector's, by a write on condition of what was read: of several that try, one has it. Each claim counts the epoch, and whoever
 * speaks with an earlier one is refused. Undefined when another was first.
 */
export async function claim(
  transfer: Transfer,
  groupId: string | undefined,
  { connector, services }: Speaker,
): Promise<Transfer | undefined> {
  const { store, clock, snapshots } = services;
  const at = clock.now();
  // Another connector has no journal of what was copied: it begins anew, with snapshots of its own.
  const isNew = transfer.heldBy !== undefined && transfer.heldBy !== connector.id;
  const { groupId: _, frozenAt, ...rest } = transfer;
  const claimed: Transfer = {
    ...rest,
    connectorId: connector.id,
    heldBy: connector.id,
    epoch: transfer.epoch + 1,
    leaseExpiresAt: at + LEASE,
    ...(isNew ? { attempt: transfer.attempt + 1, targets: [] } : frozenAt === undefined ? {} : { frozenAt }),
    ...(groupId === undefined ? {} : { groupId }),
  };
  try {
    await store.transact([onBehalfOf(transfer, changeOf(transfer, claimed, { connector, at }))]);
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  if (isNew) for (const id of transfer.targets) await snapshots.remove(id);
  return store.get('Transfer', transfer.id);
}

function changeOf(before: Transfer, claimed: Transfer, { connector, at }: { connector: Connector; at: number }) {
  if (before.state === 'QUEUED')
    return advance(unchanged('Transfer', { ...claimed, state: 'QUEUED' }), ['Transfer', 'CLAIMED'], { at });
  // The connector has it already, and started again or missed the answer.
  if (before.connectorId === connector.id) return unchanged('Transfer', claimed);
  const reason = `connector ${before.connectorId} fell silent`;
  const queued = advance(unchanged('Transfer', before), ['Transfer', 'QUEUED'], { at, reason });
  return advance(queued, ['Transfer', 'CLAIMED'], { at, set: { ...claimed, sequence: queued.entity.sequence } });
}

/** What the connector is told of a transfer that it has claimed. */
export const workOf = (transfer: Transfer): Work => ({
  transferId: transfer.id,
  epoch: transfer.epoch,
  contextToken: `${transfer.replicationJobId}:${transfer.replicationRunId}:Copy`,
  runId: transfer.replicationRunId,
  jobId: transfer.replicationJobId,
  attempt: transfer.attempt,
  vmId: transfer.vmServer.vmServerAddress.vmId,
  description: transfer.description,
  ...(transfer.kmsKeyId ? { kmsKeyArn: transfer.kmsKeyId } : {}),
});

/** The connector that comes first for these transfers: the healthy one that keeps the most of what they go on from. Undefined where none keeps any. */
export function holderOf(transfers: readonly Transfer[], connectors: readonly Connector[]): string | undefined {
  const healthy = new Set(connectors.filter(({ status }) => status === 'HEALTHY').map(({ id }) => id));
  const counts = new Map<string, number>();
  for (const { heldBy } of transfers)
    if (heldBy !== undefined && healthy.has(heldBy)) counts.set(heldBy, (counts.get(heldBy) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}
