import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { describeFailure, type Failure } from '../failure.ts';

/** Notes why the application could not be deleted; DeleteApp may be called again. */
export async function failDeletion(
  { appId, failure }: { appId: string; failure: Failure },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const app = await store.get('App', appId);
  if (app?.status !== 'DELETING') return {};
  const reason = describeFailure(failure);
  await store.transact([
    advance(unchanged('App', app), ['App', 'DELETE_FAILED'], {
      at: clock.now(),
      reason,
      set: { statusMessage: reason },
    }),
  ]);
  return {};
}
