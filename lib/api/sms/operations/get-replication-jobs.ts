import type { GetReplicationJobsRequest, GetReplicationJobsResponse } from '@aws-sdk/client-sms';
import type { ReplicationJob } from '../../../domain/entities.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter } from '../../errors.ts';
import { jobOutput } from '../outputs.ts';
import { readPage } from '../pages.ts';

/** Runs that stand in a job of the list; GetReplicationRuns has them all. */
const RUNS_IN_LIST = 10;

export async function getReplicationJobs(
  input: GetReplicationJobsRequest,
  services: Services,
): Promise<GetReplicationJobsResponse> {
  if (input.replicationJobId) {
    const job = await services.store.get('ReplicationJob', input.replicationJobId);
    if (!job)
      throw invalidParameter(
        `no replication job ${input.replicationJobId}; GetReplicationJobs without an id lists those there are`,
      );
    return { replicationJobList: [await withRuns(job, services)] };
  }
  const listing = { operation: 'GetReplicationJobs', kind: 'ReplicationJob', index: 'all', partition: 'all' } as const;
  const page = await readPage(listing, input, services);
  return {
    replicationJobList: await Promise.all(page.items.map((job) => withRuns(job, services))),
    nextToken: page.nextToken,
  };
}

async function withRuns(job: ReplicationJob, { store }: Services) {
  const runs = await store.query('ReplicationRun', {
    index: 'byJob',
    partition: job.id,
    limit: RUNS_IN_LIST,
    reverse: true,
  });
  return jobOutput(job, runs.items);
}
