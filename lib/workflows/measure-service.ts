import type { MigrationState } from '../domain/states.ts';
import type { Services } from '../ports.ts';
import { eachPage } from '../store.ts';

/** How the service stands at a moment. */
export interface Measurement {
  readonly migrations: Readonly<Partial<Record<MigrationState, number>>>;
  readonly activeRuns: number;
  /** 0 where none is active. */
  readonly oldestRunSeconds: number;
}

/** Counts migrations by their states, and tells the age of the oldest active run. */
export async function measureService(_: unknown, { store, clock }: Services): Promise<Measurement> {
  const migrations: Partial<Record<MigrationState, number>> = {};
  for await (const page of eachPage(store, 'Migration', { index: 'all', partition: 'all' }))
    for (const { state } of page) migrations[state] = (migrations[state] ?? 0) + 1;

  const begun: number[] = [];
  for await (const page of eachPage(store, 'ReplicationJob', { index: 'all', partition: 'all' })) {
    for (const { activeRunId } of page) {
      const run = activeRunId === undefined ? undefined : await store.get('ReplicationRun', activeRunId);
      if (run?.state === 'ACTIVE') begun.push(run.startedAt ?? run.scheduledStartTime);
    }
  }
  const oldest = begun.length > 0 ? clock.now() - Math.min(...begun) : 0;
  return { migrations, activeRuns: begun.length, oldestRunSeconds: Math.round(oldest / 1_000) };
}
