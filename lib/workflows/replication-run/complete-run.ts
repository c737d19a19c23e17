import { describeConsistency } from '../../domain/consistency.ts';
import type { ReplicationJob } from '../../domain/entities.ts';
import { describeGroup } from '../../domain/group.ts';
import { NO_USAGE, runsOnce, used } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

/** Ends the run with its image, and the job with its only run. */
export async function completeRun(
  { replicationRunId }: { replicationRunId: string },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!run || !job || run.state !== 'ACTIVE') return {};

  const at = clock.now();
  const { activeRunId: _, statusMessage: __, ...rest } = job;
  const next: ReplicationJob = { ...rest, consecutiveFailures: 0, ...(run.amiId ? { latestAmiId: run.amiId } : {}) };
  const over = runsOnce(job) && run.type === 'AUTOMATIC';
  const ended: Change[] = over
    ? [
        advance(unchanged('ReplicationJob', next), ['Replication Job', 'COMPLETED'], { at, set: { released: true } }),
        used((await store.get('Usage', 'account')) ?? NO_USAGE, { servers: -1 }),
      ]
    : [unchanged('ReplicationJob', next)];
  const statusMessage = [
    'Completed',
    ...(run.consistency ? [describeConsistency(run.consistency)] : []),
    ...(run.group ? [describeGroup(run.group)] : []),
  ].join('. ');
  const set = { completedTime: at, stage: 'Completed', stageProgress: '100%', statusMessage };
  await store.transact([
    advance(unchanged('ReplicationRun', run), ['Replication Run', 'COMPLETED'], { at, set }),
    ...ended,
  ]);
  return {};
}
