import { jobsOf } from '../../app-jobs.ts';
import type { ReplicationJob, Transfer } from '../../domain/entities.ts';
import { transferIdOf } from '../../domain/replication-job.ts';
import type { Services } from '../../ports.ts';

/** Runs of one application that are due within so many milliseconds are frozen together. */
const WINDOW = 30_000;
/** Milliseconds that the first of them waits for the others at most. */
const PATIENCE = 60_000;

/** Transfers that are begun together: those of one application, or one of a server that is alone. */
export interface Batch {
  readonly transfers: readonly Transfer[];
  /** Others of the application are about to come. */
  readonly incomplete: boolean;
}

/** The transfers in batches, the oldest first. */
export async function batchesOf(transfers: readonly Transfer[], services: Services): Promise<Batch[]> {
  const byApp = new Map<string, Transfer[]>();
  for (const transfer of [...transfers].sort((a, b) => a.queuedAt - b.queuedAt)) {
    const key = transfer.appId ?? transfer.id;
    byApp.set(key, [...(byApp.get(key) ?? []), transfer]);
  }
  return Promise.all(
    [...byApp].map(async ([, members]) => ({
      transfers: members,
      incomplete: await isIncomplete(members, services),
    })),
  );
}

async function isIncomplete(transfers: readonly Transfer[], services: Services): Promise<boolean> {
  const { appId, queuedAt } = transfers[0]!;
  const { store, clock } = services;
  if (appId === undefined || queuedAt + PATIENCE < clock.now()) return false;
  const app = await store.get('App', appId);
  if (!app) return false;
  // Jobs, or runs, are still being made.
  if (app.replicationAction === 'START' || app.replicationAction === 'ON_DEMAND') return true;
  for (const job of await jobsOf(app, services))
    if (!transfers.some(({ replicationJobId }) => replicationJobId === job.id) && (await isComing(job, services)))
      return true;
  return false;
}

/** Whether a run of the job is about to queue its transfer. */
async function isComing(job: ReplicationJob, { store, clock }: Services): Promise<boolean> {
  if (job.state !== 'PENDING' && job.state !== 'ACTIVE') return false;
  if (job.activeRunId) return (await store.get('Transfer', transferIdOf(job.activeRunId))) === undefined;
  return job.pendingRunId !== undefined && (job.nextReplicationRunStartTime ?? 0) <= clock.now() + WINDOW;
}
