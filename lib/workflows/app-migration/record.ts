import type { Migration } from '../../domain/entities.ts';
import { MACHINES, type MigrationState } from '../../domain/states.ts';
import { advance, created, unchanged } from '../../domain/transition.ts';
import type { MigrationInput, MigrationServices } from './services.ts';

const ORDER = Object.keys(MACHINES.Migration) as MigrationState[];

/** Notes that the migration has come to this step, with an event. A step that was noted before, or passed, is not noted again. */
export async function recordStep(
  { migration: id, startedAt, plan, state }: MigrationInput,
  to: MigrationState,
  {
    store,
    clock,
    reason,
    appId = state.app?.appId,
  }: Pick<MigrationServices, 'store' | 'clock'> & { reason?: string; appId?: string | undefined },
): Promise<void> {
  const known = await store.get('Migration', id);
  const at = clock.now();
  const first: Migration = {
    id,
    version: 0,
    sequence: 0,
    state: 'REQUESTED',
    appName: plan.app.name,
    startedAt: Date.parse(startedAt),
    ...(plan.resume === undefined ? {} : { resumes: plan.resume }),
  };
  const change = known ? unchanged('Migration', known) : created('Migration', first, { machines: ['Migration'], at });
  const { entity } = change;
  if (entity.state === 'FAILED' || ORDER.indexOf(to) <= ORDER.indexOf(entity.state)) return;
  const set = { ...(appId ? { appId } : {}), ...(reason ? { statusMessage: reason } : {}) };
  await store.transact([advance(change, ['Migration', to], { at, set, ...(reason ? { reason } : {}) })]);
}
