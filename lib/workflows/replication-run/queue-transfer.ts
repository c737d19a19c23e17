import { jobsOf } from '../../app-jobs.ts';
import type { Transfer } from '../../domain/entities.ts';
import { demandOneManager, isStrict } from '../../domain/group.ts';
import { finalizerOf, isEnded, transferIdOf } from '../../domain/replication-job.ts';
import { advance, created, unchanged } from '../../domain/transition.ts';
import type { Json } from '../../json.ts';
import { ConversionNeedsAwsError, type Services } from '../../ports.ts';

/** The key of an account's encrypted volumes that name no other. Source: Amazon EBS encryption. */
const DEFAULT_KEY = 'alias/aws/ebs';

/**
 * Queues the run's disks for a connector, which answers with the task token. A new token comes after a failure that may pass, or when the connector fell
 * silent: the same connector goes on where it was, another begins a new attempt.
 */
export async function queueTransfer(
  { replicationRunId, taskToken }: { replicationRunId: string; taskToken: string },
  { store, clock, images, config, workflows, trace }: Services,
): Promise<Record<string, never>> {
  const at = clock.now();
  const known = await store.get('Transfer', transferIdOf(replicationRunId));
  if (known?.taskToken === taskToken) return {};
  if (known?.state === 'DONE') {
    // Its connector answered when this state had just given it up.
    await workflows.succeedTask(taskToken, known.result as Json);
    return {};
  }
  if (known) {
    const { connectorId: _, ...free } = known;
    const set = { taskToken, queuedAt: at };
    const requeued =
      known.state === 'QUEUED'
        ? unchanged('Transfer', { ...free, ...set })
        : advance(unchanged('Transfer', free), ['Transfer', 'QUEUED'], {
            at,
            set,
            reason: 'the connector fell silent or failed',
          });
    await store.transact([requeued]);
    return {};
  }

  const run = await store.get('ReplicationRun', replicationRunId);
  const job = run && (await store.get('ReplicationJob', run.replicationJobId));
  if (!run || !job) throw new Error(`no replication run ${replicationRunId}`);
  // Its application may have become strict, or got servers of another manager, since it was validated.
  const app = job.appId === undefined ? undefined : await store.get('App', job.appId);
  if (app && isStrict(app))
    demandOneManager(
      app,
      (await jobsOf(app, { store })).filter((one) => !isEnded(one)).map(({ vmServer }) => vmServer),
    );
  const offered = images.finalizers();
  // What the guest is, and what it needs then, its copy tells.
  if (!offered.includes(finalizerOf(job, config.finalizers, { startsWindows: false, offered })))
    throw new ConversionNeedsAwsError(
      `job ${job.id} has license type ${job.licenseType ?? 'NONE'}, whose images AWS converts, and this service makes images on one machine; leave licenseType out, or set it to BYOL, for images of the disks as they are`,
    );
  const baseline = await store.get('Baseline', job.id);
  const ownTrace = trace?.();
  const transfer: Transfer = {
    id: transferIdOf(run.id),
    replicationRunId: run.id,
    version: 0,
    sequence: 0,
    replicationJobId: job.id,
    serverId: job.serverId,
    vmServer: job.vmServer,
    state: 'QUEUED',
    taskToken,
    attempt: 1,
    epoch: 0,
    queuedAt: at,
    targets: [],
    description: imageDescription(job.id, run.id),
    ...(ownTrace === undefined ? {} : { trace: ownTrace }),
    ...(job.appId === undefined ? {} : { appId: job.appId }),
    ...(baseline ? { heldBy: baseline.connectorId } : {}),
    ...(job.encrypted || job.kmsKeyId ? { kmsKeyId: job.kmsKeyId ?? DEFAULT_KEY } : {}),
  };
  await store.transact([created('Transfer', transfer, { machines: ['Transfer'], at })]);
  return {};
}

/** Scripts look for exactly this text in the descriptions of images. Source: scripts in use in 2018 (facts of AWS SMS). */
export const imageDescription = (jobId: string, runId: string) =>
  `SMS ReplicationJobId = ${jobId} ReplicationRunId = ${runId}`;
