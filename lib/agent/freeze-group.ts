import type { Point, Source } from '../connector/source.ts';
import type { FrozenTransfer, Work } from '../messages.ts';
import { ServerCheckError } from '../replication/transfer-server.ts';
import { keepPoint, keptPoint } from './frozen-points.ts';

export interface Group {
  readonly groupId: string;
  /** All of them, or none. */
  readonly strict: boolean;
  readonly transfers: readonly Work[];
}

interface Place {
  readonly source: Source;
  readonly stateFolder: string;
}

/**
 * Freezes the servers of a group together: all are checked first, so that what can be known before is, and then frozen by one call of the source. The points
 * are let go of until there is room to copy them. A member that cannot be frozen fails by name; the others of a strict group are not frozen then.
 */
export async function freezeGroup(group: Group, place: Place): Promise<FrozenTransfer[]> {
  const told = new Map<string, FrozenTransfer>();
  const open: Work[] = [];
  for (const work of group.transfers) {
    const kept = await keptPoint(work, place.stateFolder);
    const problem = kept ? undefined : await problemOf(work, place.source);
    if (kept) told.set(work.transferId, { ...held(work), frozenAt: kept.at });
    else if (problem) told.set(work.transferId, failed(work, problem));
    else open.push(work);
  }
  const isWhole = open.length + [...told.values()].filter(isFrozen).length === group.transfers.length;
  if (!group.strict || isWhole) for (const one of await freezeAll(open, group, place)) told.set(one.transferId, one);
  return group.transfers.map((work) => told.get(work.transferId) ?? failed(work, new NotTriedError(work.vmId)));
}

/** Another member of the group could not be frozen. */
class NotTriedError extends Error {
  override readonly name = 'GroupFreezeError';
  constructor(vmId: string) {
    super(`server ${vmId} was not frozen, since another of its group cannot be`);
  }
}

const isFrozen = ({ frozenAt }: FrozenTransfer) => frozenAt !== undefined;

const held = ({ transferId, epoch }: Work) => ({ transferId, epoch });

const failed = (work: Work, error: Error): FrozenTransfer => ({
  ...held(work),
  errorName: error.name,
  statusMessage: error.message.slice(0, 4_000),
});

async function problemOf({ vmId }: Work, source: Source): Promise<Error | undefined> {
  try {
    const problems = await source.check(vmId);
    if (problems.length === 0) return undefined;
    return new ServerCheckError(`server ${vmId}: ${problems.map(({ message }) => message).join('; ')}`);
  } catch (error) {
    return error as Error;
  }
}

/** By one call; where that fails, and the group is not strict, one by one, which tells who it was. */
async function freezeAll(works: readonly Work[], group: Group, place: Place): Promise<FrozenTransfer[]> {
  if (works.length === 0) return [];
  try {
    return await freeze(works, group, place);
  } catch (error) {
    if (group.strict || works.length === 1) return works.map((work) => failed(work, error as Error));
  }
  const told: FrozenTransfer[] = [];
  for (const work of works) told.push(...(await freezeAll([work], group, place)));
  return told;
}

async function freeze(works: readonly Work[], { transfers }: Group, { source, stateFolder }: Place) {
  const name = `rehost/${transfers[0]!.runId}`;
  const points: Point[] = await source.freeze(
    works.map(({ vmId }) => vmId),
    { quiesce: 'try', name },
  );
  const told: FrozenTransfer[] = [];
  for (const [index, work] of works.entries()) {
    const point = points[index]!;
    await keepPoint(point, work, stateFolder);
    told.push({ ...held(work), frozenAt: point.at });
  }
  return told;
}
