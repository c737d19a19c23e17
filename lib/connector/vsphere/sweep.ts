import type { PointRef } from '../source.ts';
import { type PointOptions, refOf } from './frozen-point.ts';
import { inventoryOf } from './properties.ts';
import { isOwnedBy, removeSnapshot } from './snapshots.ts';
import type { VimSession } from './vim-session.ts';
import { snapshotsIn } from './virtual-machine.ts';

/**
 * Removes the snapshots of this owner, by name and description, that nobody will go on with. Others are never touched. One that cannot be removed does
 * not keep the rest: the first failure is thrown at the end. Answers how many were removed.
 */
export async function sweepSnapshots(
  session: VimSession,
  { kept, point }: { kept: ReadonlySet<PointRef>; point: PointOptions },
): Promise<number> {
  const failures: unknown[] = [];
  let removed = 0;
  for await (const { ref, properties } of inventoryOf(session, { VirtualMachine: ['snapshot'] }))
    for (const entry of snapshotsIn(properties.get('snapshot'))) {
      const name = refOf(ref.id, entry.ref.id);
      const isInUse = kept.has(name) || point.known.has(name) || point.freezing.has(ref.id);
      if (isInUse || !isOwnedBy(point.owner, entry)) continue;
      try {
        await removeSnapshot(session, ref, entry.ref);
        removed++;
      } catch (error) {
        failures.push(error);
      }
    }
  if (failures.length > 0) throw failures[0];
  return removed;
}
