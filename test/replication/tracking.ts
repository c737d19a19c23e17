import type { Disk, Extent, Point, Source } from '../../lib/connector/source.ts';

/** A source that tracks changes, made of one that does not: `changedSince` is asked what changed since that instant. */
export function tracking(
  source: Source,
  { instant, changedSince }: { instant(): string; changedSince(key: string, changeId: string): Iterable<Extent> },
): Source {
  const track = (disk: Disk): Disk => ({
    ...disk,
    changeId: instant(),
    async *changedSince(changeId) {
      yield* changedSince(disk.key, changeId);
    },
  });
  const trackPoint = (point: Point): Point => ({ ...point, disks: async () => (await point.disks()).map(track) });
  return {
    ...source,
    freeze: async (...asked) => (await source.freeze(...asked)).map(trackPoint),
    async reopen(ref) {
      const point = await source.reopen(ref);
      return point && trackPoint(point);
    },
  };
}
