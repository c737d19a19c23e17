/** Bytes of a block of a snapshot; the only size that the EBS direct APIs know. Source: EBS direct APIs, PutSnapshotBlock. */
export const BLOCK_SIZE = 524_288;

/** Bytes of the unit in which snapshots are sized. */
export const GIB = 2 ** 30;

export interface SnapshotSpec {
  readonly sizeGiB: number;
  /** A completed snapshot whose blocks this one inherits. */
  readonly parent?: string;
  /** The same token with the same specification answers the same snapshot. At most 64 ASCII characters. */
  readonly token: string;
  readonly description: string;
  readonly kmsKeyArn?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Snapshots of disks in blocks of 512 KiB, in the shape of the EBS direct APIs: a block that no snapshot of the chain wrote is zero, and a block that
 * became zero must be written.
 */
export interface Snapshots {
  start(spec: SnapshotSpec): Promise<{ id: string }>;
  /** Writes a block of a pending snapshot; may be repeated. `sha256` is of `data`, 32 bytes. Throws ChecksumMismatchError. */
  put(id: string, block: { index: number; data: Buffer; sha256: Buffer }): Promise<void>;
  /**
   * Seals the snapshot. `written` counts the blocks that were put, `linear` is the SHA-256 over their raw digests in ascending order; throws
   * IncompleteSnapshotError when they differ. Sealing again with the same figures does nothing.
   */
  complete(id: string, seal: { written: number; linear: Buffer }): Promise<void>;
  state(id: string): Promise<'pending' | 'completed' | 'error' | undefined>;
  /** The blocks that are not zero by absence, inherited ones included, in ascending order. */
  list(id: string): AsyncIterable<{ index: number }>;
  /** A block of a completed snapshot; zeros where nothing was written. */
  read(id: string, index: number): Promise<Buffer>;
  /** Deletes the snapshot; children keep what they inherited. Does nothing when it is gone. */
  remove(id: string): Promise<void>;
}

/** A block does not have the digest, or the length, that it should. Nothing was stored. */
export class ChecksumMismatchError extends Error {
  override readonly name = 'ChecksumMismatchError';
}
/** What a snapshot holds is not what its seal says. */
export class IncompleteSnapshotError extends Error {
  override readonly name = 'IncompleteSnapshotError';
}
/** The snapshot is not in the state that the call needs. */
export class SnapshotStateError extends Error {
  override readonly name = 'SnapshotStateError';
}
