import { advance, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import { ConflictError } from '../../store.ts';
import { SILENCE } from './services.ts';

/** Marks the connectors as UNHEALTHY that have been silent for too long. Answers when to look again; undefined where none can fall silent. */
export async function checkConnectors({
  store,
  clock,
}: Pick<Services, 'store' | 'clock'>): Promise<number | undefined> {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  const at = clock.now();
  let next: number | undefined;
  for (const connector of items) {
    const { status, accessKeyId, lastSeenAt = 0 } = connector;
    if (status !== 'HEALTHY' || accessKeyId === undefined) continue;
    if (lastSeenAt + SILENCE > at) {
      next = Math.min(next ?? Number.POSITIVE_INFINITY, lastSeenAt + SILENCE);
      continue;
    }
    const reason = `nothing was heard of it since ${new Date(lastSeenAt).toISOString()}`;
    await store
      .transact([advance(unchanged('Connector', connector), ['Connector', 'UNHEALTHY'], { at, reason })])
      .catch((error) => {
        // It spoke in this moment.
        if (!(error instanceof ConflictError)) throw error;
      });
  }
  return next;
}
