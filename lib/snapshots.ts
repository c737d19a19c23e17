/** Bytes of a block of a snapshot: the only size that the EBS direct APIs know. */
export const BLOCK_SIZE = 524_288;

/** Bytes of the unit in which volumes and snapshots are sized. */
export const GIB = 2 ** 30;

/** Blocks of a snapshot of so many GiB. */
export const blocksOf = (sizeGiB: number): number => (sizeGiB * GIB) / BLOCK_SIZE;

/** `snap-` and 17 lower-case hexadecimal digits. */
export type SnapshotId = string;
export type Tags = Readonly<Record<string, string>>;

export interface SnapshotSpec {
  /** 1 to 65536; not less than the parent's. */
  readonly sizeGiB: number;
  /** A completed snapshot whose blocks this one inherits. */
  readonly parent?: SnapshotId;
  /** The same token with the same specification answers the same snapshot. 1 to 64 ASCII characters. */
  readonly token: string;
  /** Key that encrypts the snapshot, as an ARN. Only without a parent: children take their parent's key. */
  readonly kmsKeyArn?: string;
  readonly tags: Tags;
  /** At most 255 characters. */
  readonly description?: string;
  /** Minutes without a put after which a pending snapshot goes to `error`: 10 to 4320. */
  readonly timeoutMinutes: number;
}

/**
 * Snapshots of disks in blocks of 512 KiB, in the shape of the EBS direct APIs. A block that no snapshot of the chain wrote is absent and reads as
 * zeros; a block that became zero has to be written, or the parent's would show through. Digests are SHA-256, raw, 32 bytes.
 */
export interface Snapshots {
  /** Begins a snapshot. Throws SnapshotSpecError, SnapshotTokenError, SnapshotStateError (of the parent). */
  start(spec: SnapshotSpec): Promise<{ id: SnapshotId; blockSize: typeof BLOCK_SIZE }>;
  /**
   * Writes a block of a pending snapshot; again overwrites it. `data` holds BLOCK_SIZE bytes and stays unchanged until the promise settles. Throws
   * ChecksumMismatchError and keeps nothing when `sha256` is not its digest. (So many parameters: this is the call of the hot path, made once per block.)
   * Answers how often the store asked to slow down before it took the block. Aborted, it is not tried again.
   */
  put(
    id: SnapshotId,
    index: number,
    data: Buffer,
    sha256: Buffer,
    signal?: AbortSignal,
  ): Promise<{ readonly throttles: number }>;
  /**
   * Seals the snapshot: what was put is durable from then on. `written` counts the blocks that were put, `linear` is the SHA-256 over their raw digests
   * in ascending order of index (it may be left out); throws IncompleteSnapshotError when they differ. The same seal again does nothing.
   */
  complete(id: SnapshotId, seal: { written: number; linear?: Buffer }): Promise<void>;
  /** Undefined when there is no such snapshot, or no more. */
  state(id: SnapshotId): Promise<'pending' | 'completed' | 'error' | undefined>;
  /** The blocks of a completed snapshot that are not absent, inherited ones included, in ascending order. `token` is what `read` wants. */
  list(id: SnapshotId): AsyncIterable<{ index: number; token: string }>;
  /** The blocks that differ between two completed snapshots of one lineage, in ascending order. Throws UnrelatedSnapshotsError. */
  changed(first: SnapshotId, second: SnapshotId): AsyncIterable<{ index: number }>;
  /** A block that `list` named. `sha256` is the digest of these very bytes: whoever reads them has compared the two. Aborted, it is not tried again. */
  read(id: SnapshotId, index: number, token: string, signal?: AbortSignal): Promise<{ data: Buffer; sha256: Buffer }>;
  /** Deletes the snapshot; others keep what they inherited from it. Does nothing when it is gone. */
  remove(id: SnapshotId): Promise<void>;
}

export class SnapshotSpecError extends Error {
  override readonly name = 'SnapshotSpecError';
}
/** The token belongs to a snapshot with another specification. */
export class SnapshotTokenError extends Error {
  override readonly name = 'SnapshotTokenError';
}
/** The snapshot is not there, or in a state in which this cannot be done. */
export class SnapshotStateError extends Error {
  override readonly name = 'SnapshotStateError';
}
export class ChecksumMismatchError extends Error {
  override readonly name = 'ChecksumMismatchError';
}
export class IncompleteSnapshotError extends Error {
  override readonly name = 'IncompleteSnapshotError';
}
export class UnrelatedSnapshotsError extends Error {
  override readonly name = 'UnrelatedSnapshotsError';
}
/** The block is not one that `list` named, or the token is not its. */
export class InvalidBlockError extends Error {
  override readonly name = 'InvalidBlockError';
}
