import type { DeleteReplicationJobRequest, DeleteReplicationJobResponse } from '@aws-sdk/client-sms';
import { deletionRequested } from '../../../domain/replication-job.ts';
import type { Services } from '../../../ports.ts';
import { operationNotPermitted, replicationJobNotFound } from '../../errors.ts';

/** Asks for the end of the job and its runs; its images stay. */
export async function deleteReplicationJob(
  { replicationJobId }: DeleteReplicationJobRequest,
  { store, clock }: Services,
): Promise<DeleteReplicationJobResponse> {
  const job = await store.get('ReplicationJob', replicationJobId!);
  if (!job) throw replicationJobNotFound(replicationJobId!);
  if ((job.state === 'DELETING' && !job.deletionFailed) || job.state === 'DELETED')
    throw operationNotPermitted(`replication job ${job.id} is ${job.state} already`);
  await store.transact([deletionRequested(job, { at: clock.now(), reason: 'deleted by the caller' })]);
  return {};
}
