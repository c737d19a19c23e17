import { deletedRun, transferIdOf } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { executionNameOfRun } from '../rules.ts';

/** Deletes the runs of a job that are pending or under way: their executions stop, their transfers are cancelled. */
export async function cancelRuns(
  { replicationJobId }: { replicationJobId: string },
  { store, workflows, clock }: Services,
): Promise<Record<string, never>> {
  const job = await store.get('ReplicationJob', replicationJobId);
  if (!job) return {};
  const reason = 'the replication job is deleted';
  for (const runId of [job.pendingRunId, job.activeRunId].filter((id) => id !== undefined)) {
    const run = await store.get('ReplicationRun', runId);
    if (!run) continue;
    await workflows.stop('replication-run', executionNameOfRun(run), reason);
    const at = clock.now();
    const transfer = await store.get('Transfer', transferIdOf(runId));
    const changes: Change[] = ['PENDING', 'ACTIVE', 'DELETING'].includes(run.state)
      ? [deletedRun(run, { at, reason })]
      : [];
    if (transfer && ['QUEUED', 'CLAIMED'].includes(transfer.state))
      changes.push(advance(unchanged('Transfer', transfer), ['Transfer', 'CANCELLED'], { at, reason }));
    await store.transact(changes);
  }
  return {};
}
