import type { Transfer } from '../../domain/entities.ts';
import { progressed } from '../../domain/run-progress.ts';
import { advance, onBehalfOf, unchanged } from '../../domain/transition.ts';
import type { Json } from '../../json.ts';
import type { CopyResultMessage, HeldTransfer } from '../../messages.ts';
import { ConflictError } from '../../store.ts';
import { invalidParameter } from '../errors.ts';
import { leaseLost } from './errors.ts';
import { type ConnectorServices, HEARTBEAT, LEASE, type Speaker } from './services.ts';

/** The transfer, if it is the connector's as of that claim. Throws LeaseLost. */
export async function demandTransfer(
  { transferId, epoch }: HeldTransfer,
  { connector, services }: Speaker,
): Promise<Transfer> {
  const transfer = await services.store.get('Transfer', transferId);
  if (transfer?.state === 'CLAIMED' && transfer.connectorId === connector.id && transfer.epoch === epoch)
    return transfer;
  throw leaseLost(transferId, epoch);
}

/** Takes what a connector says of a copy: it goes on, it is done, or it failed. */
export async function copyResult(message: CopyResultMessage, speaker: Speaker): Promise<object> {
  const { taskState, errorName = 'ConnectorError', statusMessage = 'the connector said no more' } = message;
  const transfer = await demandTransfer(message, speaker);
  const { services } = speaker;
  if (taskState === 'ERROR') await failTransfer(transfer, { errorName, statusMessage }, services);
  else if (taskState === 'SUCCEEDED') await succeed(transfer, message, services);
  else await goOn(transfer, message, services);
  return {};
}

/** Renews the lease and the workflow's heartbeat, and notes the run's progress. */
async function goOn(transfer: Transfer, message: CopyResultMessage, services: ConnectorServices) {
  const { store, clock, workflows } = services;
  const leaseExpiresAt = clock.now() + LEASE;
  if (leaseExpiresAt - (transfer.leaseExpiresAt ?? 0) >= HEARTBEAT) {
    await store.transact([unchanged('Transfer', { ...transfer, leaseExpiresAt })]);
    await workflows.heartbeat(transfer.taskToken);
  }
  await noteProgress(transfer, message, services);
}

async function noteProgress(
  transfer: Transfer,
  { stage, bytesDone = 0, bytesTotal = 0, bytesPerSecond, frozenAt }: CopyResultMessage,
  { store, clock }: ConnectorServices,
) {
  const known = await store.get('ReplicationRun', transfer.replicationRunId);
  if (known?.state !== 'ACTIVE' || !stage) return;
  const run = frozenAt === undefined ? known : { ...known, frozenAt };
  const progress = { stage, bytesDone, bytesTotal, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) };
  const isNew = run.frozenAt !== known.frozenAt;
  const change = progressed(run, progress, clock.now()) ?? (isNew ? unchanged('ReplicationRun', run) : undefined);
  if (!change) return;
  // Progress is not a transition: whoever writes the run at the same time goes first.
  await store.transact([onBehalfOf(transfer, change)]).catch((error) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}

/** Ends the transfer with its result: what the next run builds on is known first, then the workflow is answered, then the end is noted. A repeat goes on. */
async function succeed(transfer: Transfer, { result }: CopyResultMessage, services: ConnectorServices) {
  const { store, snapshots, workflows } = services;
  const snapshotIds = snapshotsOf(result);
  for (const id of snapshotIds)
    if (!transfer.targets.includes(id) || (await snapshots.state(id)) !== 'completed')
      throw invalidParameter(`result: snapshot ${id} is not a completed one of transfer ${transfer.id}`);

  const baseline = (await store.get('Baseline', transfer.replicationJobId)) ?? {
    id: transfer.replicationJobId,
    version: 0,
    sequence: 0,
  };
  await store.transact([unchanged('Baseline', { ...baseline, connectorId: transfer.connectorId!, snapshotIds })]);
  await workflows.succeedTask(transfer.taskToken, result as Json);
  await finish(transfer, { to: 'DONE', result: result! }, services);
  for (const id of transfer.targets) if (!snapshotIds.includes(id)) await snapshots.remove(id);
}

function snapshotsOf(result: object | undefined): string[] {
  const { disks } = (result ?? {}) as { disks?: unknown };
  const ids = Array.isArray(disks) ? disks.map((disk) => (disk as { snapshotId?: unknown } | null)?.snapshotId) : [];
  if (ids.length > 0 && ids.every((id) => typeof id === 'string')) return ids;
  throw invalidParameter('result.disks: a transfer that succeeded names the snapshot of each disk');
}

/** Answers the workflow with the failure, then notes it. */
export async function failTransfer(
  transfer: Transfer,
  { errorName, statusMessage }: { errorName: string; statusMessage: string },
  services: ConnectorServices,
) {
  await services.workflows.failTask(transfer.taskToken, {
    error: errorName,
    cause: JSON.stringify({ errorType: errorName, errorMessage: statusMessage }),
  });
  await finish(transfer, { to: 'FAILED', reason: `${errorName}: ${statusMessage}` }, services);
}

interface End {
  readonly to: 'DONE' | 'FAILED';
  readonly reason?: string;
  readonly result?: object;
}

/** Notes the end of a transfer, unless the service has ended it or given it to a new attempt. */
async function finish({ id, taskToken }: Transfer, { to, reason, result }: End, { store, clock }: ConnectorServices) {
  for (;;) {
    const current = await store.get('Transfer', id);
    if (current?.state !== 'CLAIMED' || current.taskToken !== taskToken) return;
    const why = { at: clock.now(), ...(reason ? { reason } : {}), ...(result ? { set: { result } } : {}) };
    try {
      const ended = advance(unchanged('Transfer', current), ['Transfer', to], why);
      return await store.transact([onBehalfOf(current, ended)]);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
