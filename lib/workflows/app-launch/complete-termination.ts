import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';

/** Notes that nothing of the stack is left. */
export async function completeTermination(
  { appId }: { appId: string },
  { store, clock }: Services,
): Promise<Record<string, never>> {
  const app = await store.get('App', appId);
  if (app?.launchStatus !== 'TERMINATE_IN_PROGRESS') return {};
  const { stack: _, ...rest } = app;
  await store.transact([advance(unchanged('App', rest), ['App Launch', 'TERMINATED'], { at: clock.now() })]);
  return {};
}
