import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';
import { released, updateAppReplication } from '../replication-run/update-app.ts';
import { endAction } from './end-action.ts';

/** Notes why replication could not be started or stopped. */
export async function failReplication(
  { appId, action, failure }: { appId: string; action: string; failure: Failure },
  services: Services,
): Promise<Record<string, never>> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  if (action === 'ON_DEMAND') {
    await endAction(appId, 'ON_DEMAND', services);
    await updateAppReplication(appId, services);
    return {};
  }
  const to = action === 'STOP' ? 'REPLICATION_STOP_FAILED' : 'REPLICATION_FAILED';
  if (!app || app.replicationAction !== action || app.replicationStatus === to) return {};
  const { replicationAction: _, ...rest } = app;
  const reason = describeFailure(failure);
  const failed = advance(unchanged('App', rest), ['App Replication', to], {
    at: clock.now(),
    reason,
    set: { replicationStatusMessage: reason },
  });
  await store.transact(action === 'START' ? await released(failed, services) : [failed]);
  return {};
}
