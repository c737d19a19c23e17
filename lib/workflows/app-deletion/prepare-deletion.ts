import { jobsOf } from '../../app-jobs.ts';
import { isLaunchBusy, terminationRequested } from '../../domain/app.ts';
import type { App } from '../../domain/entities.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

export class DeletionBlockedError extends Error {
  override readonly name = 'DeletionBlockedError';
}

/** Stops the replication, then terminates the stack, by the workflows that do so; `ready` once neither is left. */
export async function prepareDeletion({ appId }: { appId: string }, services: Services): Promise<{ ready: boolean }> {
  const { store } = services;
  const app = await store.get('App', appId);
  if (app?.status !== 'DELETING') return { ready: true };
  const replicating = (await jobsOf(app, services)).some((job) => !isEnded(job)) || app.replicationAction !== undefined;
  if (replicating) return { ready: await asked(stop(app, services), services) };
  if (app.stack || isLaunchBusy(app)) return { ready: await asked(terminate(app, services), services) };
  return { ready: true };
}

/** Writes what is to be asked for, if anything; the answer is to come back later. */
async function asked(change: Change | undefined, { store }: Services): Promise<false> {
  if (change) await store.transact([change]);
  return false;
}

function stop(app: App, { clock }: Services): Change | undefined {
  if (app.replicationStatus === 'REPLICATION_STOPPING' || app.replicationAction === 'START') return undefined;
  if (app.replicationStatus === 'REPLICATION_STOP_FAILED')
    throw new DeletionBlockedError(`replication could not be stopped: ${app.replicationStatusMessage}`);
  const set = { replicationNumber: app.replicationNumber + 1, replicationAction: 'STOP' } as const;
  return advance(unchanged('App', app), ['App Replication', 'REPLICATION_STOPPING'], {
    at: clock.now(),
    set,
    detail: { action: 'STOP' },
  });
}

function terminate(app: App, { clock }: Services): Change | undefined {
  if (isLaunchBusy(app)) return undefined;
  if (app.launchStatus === 'TERMINATE_FAILED')
    throw new DeletionBlockedError(`the stack could not be terminated: ${app.launchStatusMessage}`);
  return terminationRequested(app, clock.now());
}
