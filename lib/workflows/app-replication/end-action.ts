import type { ReplicationAction } from '../../domain/entities.ts';
import { unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { ConflictError } from '../../store.ts';

/** Notes that what was asked of the application's replication is carried out: from now on its jobs alone decide its status. */
export async function endAction(appId: string, action: ReplicationAction, { store }: Services): Promise<void> {
  for (;;) {
    const app = await store.get('App', appId);
    if (app?.replicationAction !== action) return;
    const { replicationAction: _, ...rest } = app;
    try {
      return await store.transact([unchanged('App', rest)]);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
