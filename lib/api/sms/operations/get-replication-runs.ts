import type { GetReplicationRunsRequest, GetReplicationRunsResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { invalidParameter } from '../../errors.ts';
import { jobOutput, runOutput } from '../outputs.ts';
import { readPage } from '../pages.ts';

/** Newest first: the next scheduled run, which is pending, leads. */
export async function getReplicationRuns(
  input: GetReplicationRunsRequest,
  services: Services,
): Promise<GetReplicationRunsResponse> {
  const jobId = input.replicationJobId!;
  const job = await services.store.get('ReplicationJob', jobId);
  if (!job) throw invalidParameter(`no replication job ${jobId}; GetReplicationJobs lists those there are`);
  const listing = {
    operation: 'GetReplicationRuns',
    kind: 'ReplicationRun',
    index: 'byJob',
    partition: jobId,
    reverse: true,
  } as const;
  const page = await readPage(listing, input, services);
  return { replicationJob: jobOutput(job), replicationRunList: page.items.map(runOutput), nextToken: page.nextToken };
}
