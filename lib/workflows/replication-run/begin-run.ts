import type { ReplicationJob, ReplicationRun } from '../../domain/entities.ts';
import { newRun, nextStart, runsOnce } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { updateAppReplication } from './update-app.ts';

/** Admits a run whose time has come. `begun` is false when it was deleted, rescheduled or missed. */
export async function beginRun(
  { replicationRunId, schedule }: { replicationRunId: string; schedule: number },
  services: Services,
): Promise<{ begun: boolean }> {
  const { store } = services;
  const run = await store.get('ReplicationRun', replicationRunId);
  if (!run || run.schedule !== schedule) return { begun: false };
  if (run.state === 'ACTIVE') return { begun: true };
  const job = await store.get('ReplicationJob', run.replicationJobId);
  if (run.state !== 'PENDING' || !job || !['PENDING', 'ACTIVE'].includes(job.state)) return { begun: false };

  const busy = job.activeRunId !== undefined && job.activeRunId !== run.id;
  await store.transact(busy ? missed(run, job, services) : begun(run, job, services));
  if (!busy && job.appId) await updateAppReplication(job.appId, services);
  return { begun: !busy };
}

function begun(run: ReplicationRun, job: ReplicationJob, services: Services): Change[] {
  const at = services.clock.now();
  const set = { startedAt: at, stage: 'Validating', statusMessage: 'Validating' };
  const [next, changes] = scheduledNext(run, { ...job, activeRunId: run.id }, services);
  return [
    advance(unchanged('ReplicationRun', run), ['Replication Run', 'ACTIVE'], { at, set }),
    job.state === 'PENDING'
      ? advance(unchanged('ReplicationJob', next), ['Replication Job', 'ACTIVE'], { at })
      : unchanged('ReplicationJob', next),
    ...changes,
  ];
}

/** Another run is under way: this one is skipped, the next keeps its time. Source: user guide, replication runs. */
function missed(run: ReplicationRun, job: ReplicationJob, services: Services): Change[] {
  const at = services.clock.now();
  const statusMessage = `run ${job.activeRunId} was still under way`;
  const [next, changes] = scheduledNext(run, job, services);
  return [
    advance(unchanged('ReplicationRun', run), ['Replication Run', 'MISSED'], {
      at,
      reason: statusMessage,
      set: { statusMessage, completedTime: at },
    }),
    unchanged('ReplicationJob', next),
    ...changes,
  ];
}

/** The job with its next run, after one of its schedule: on-demand runs shift nothing. */
function scheduledNext(
  run: ReplicationRun,
  job: ReplicationJob,
  { clock, newId }: Services,
): [ReplicationJob, Change[]] {
  if (run.id !== job.pendingRunId) return [job, []];
  const { pendingRunId: _, nextReplicationRunStartTime: __, ...rest } = job;
  if (runsOnce(job)) return [rest, []];
  const now = clock.now();
  const scheduledStartTime = nextStart(run.scheduledStartTime, job.frequency!, now);
  const next = newRun(job, { runId: newId('sms-run', 8), type: 'AUTOMATIC', scheduledStartTime, now });
  return [{ ...rest, pendingRunId: next.entity.id, nextReplicationRunStartTime: scheduledStartTime }, [next]];
}
