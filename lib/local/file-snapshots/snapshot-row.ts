import type { SnapshotSpec } from '../../snapshots.ts';

export interface SnapshotRow {
  readonly id: string;
  readonly spec: SnapshotSpec;
  /** Whose manifest this one's uses are counted against. Not the parent of the specification when that was removed since. */
  readonly parent?: string;
  /** The first of the chain of parents, which may be removed since. */
  readonly lineage: string;
  readonly state: 'pending' | 'completed' | 'removed';
  readonly startedAt: number;
  /** The key that encrypts it, its own or its parent's. */
  readonly kmsKeyArn?: string;
  /** When it was started or last put into. */
  readonly touchedAt: number;
  readonly seal?: Seal;
  /** Of a removed snapshot: the blocks before this index are no longer counted. */
  readonly released: number;
}

export type NewSnapshot = Pick<SnapshotRow, 'id' | 'spec' | 'lineage' | 'startedAt' | 'kmsKeyArn'>;

export interface Seal {
  readonly written: number;
  readonly linear: Buffer;
}

/** What a caller says; EBS lets the checksum be left out. */
export interface AnnouncedSeal {
  readonly written: number;
  readonly linear?: Buffer;
}

export function toSnapshot(row: Record<string, unknown> | undefined): SnapshotRow | undefined {
  if (!row) return undefined;
  return {
    id: row.id as string,
    spec: JSON.parse(row.spec as string) as SnapshotSpec,
    ...(row.parent === null ? {} : { parent: row.parent as string }),
    lineage: row.lineage as string,
    state: row.state as SnapshotRow['state'],
    touchedAt: row.touched_at as number,
    startedAt: row.started_at as number,
    ...(row.kms_key === null ? {} : { kmsKeyArn: row.kms_key as string }),
    ...(row.linear === null ? {} : { seal: { written: row.written as number, linear: bufferOf(row.linear) } }),
    released: row.released as number,
  };
}

export const bufferOf = (value: unknown) => {
  const { buffer, byteOffset, byteLength } = value as Uint8Array<ArrayBuffer>;
  return Buffer.from(buffer, byteOffset, byteLength);
};
