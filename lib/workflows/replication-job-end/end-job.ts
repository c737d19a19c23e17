import { isEnded } from '../../domain/replication-job.ts';
import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

export interface EndJobInput {
  readonly replicationJobId: string;
  /** Why the job ends: it was deleted, it stayed paused too long, or its time is over. */
  readonly cause: 'DELETED' | 'PAUSED' | 'EXPIRED';
  /** When it ends, ISO 8601. */
  readonly endAt: string;
}

/** Moves the job to DELETING if the cause still holds. A job that was resumed, and perhaps paused again, is not this execution's. */
export async function endJob(
  { replicationJobId, cause, endAt }: EndJobInput,
  { store, clock, config }: Services,
): Promise<{ ending: boolean }> {
  const job = await store.get('ReplicationJob', replicationJobId);
  if (!job || job.state === 'DELETED') return { ending: false };
  if (job.state === 'DELETING') return { ending: true };
  if (cause === 'DELETED' || isEnded(job)) return { ending: false };
  if (
    cause === 'PAUSED' &&
    (job.state !== 'PAUSED_ON_FAILURE' || pauseEnd(job.pausedAt, config.limits.pausedDays) !== Date.parse(endAt))
  )
    return { ending: false };

  const { jobDays, pausedDays } = config.limits;
  const reason =
    cause === 'PAUSED'
      ? `paused for ${pausedDays} days`
      : `a server is replicated for ${jobDays} days at most; create a new job to go on`;
  await store.transact([
    advance(unchanged('ReplicationJob', job), ['Replication Job', 'DELETING'], {
      at: clock.now(),
      reason,
      set: { statusMessage: reason },
    }),
  ]);
  return { ending: true };
}

const pauseEnd = (pausedAt = 0, days: number) => pausedAt + days * 86_400_000;
