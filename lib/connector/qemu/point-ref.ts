import { isRecord } from './answers.ts';
import type { PointId } from './names.ts';

/** What a later process needs to find a point again: where it is, and what its disks were. */
export interface RefContent {
  readonly server: string;
  readonly point: PointId;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Absent of points of an earlier version. */
  readonly quiesced?: boolean;
  readonly folder: string;
  readonly disks: readonly FrozenDisk[];
}

export interface FrozenDisk {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The guest's own node. */
  readonly node: string;
  /** The bitmap that notes changes since the point. */
  readonly bitmap: string;
}

export const writeRef = (content: RefContent): string => JSON.stringify(content);

/** Refs are ours; one of another kind of source is not mistaken for one. */
export function readRef(ref: string): RefContent | undefined {
  const content = JSON.parse(ref) as unknown;
  return isRecord(content) && typeof content.point === 'string' && Array.isArray(content.disks)
    ? (content as unknown as RefContent)
    : undefined;
}
