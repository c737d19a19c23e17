import { unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';

/** Notes why the job could not be deleted. It stays as it is until its deletion is asked for again. */
export async function failJobEnd(
  { replicationJobId, failure }: { replicationJobId: string; failure: Failure },
  { store, log }: Services,
): Promise<Record<string, never>> {
  const job = await store.get('ReplicationJob', replicationJobId);
  const statusMessage = describeFailure(failure);
  log({ level: 'error', message: 'a replication job could not be ended', replicationJobId, reason: statusMessage });
  if (job?.state !== 'DELETING') return {};
  await store.transact([unchanged('ReplicationJob', { ...job, deletionFailed: true, statusMessage })]);
  return {};
}
