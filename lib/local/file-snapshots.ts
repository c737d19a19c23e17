import { mkdirSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { SnapshotId, SnapshotSpec, Snapshots } from '../snapshots.ts';
import type { ChangedBlock, ListedBlock, Part } from './file-snapshots/listing.ts';
import { Store } from './file-snapshots/store.ts';

/** SQLite's result code when another process holds the lock. */
const SQLITE_BUSY = 5;

/** Snapshots in a folder that has just been opened, and the means to close it. */
export interface FileSnapshots extends Snapshots {
  /** Bytes of all distinct blocks that are kept. */
  storedBytes(): number;
  /** The snapshots that bear the tag, pending ones included. */
  tagged(key: string, value: string): SnapshotId[];
  describe(id: SnapshotId): SnapshotDescription | undefined;
  /** All snapshots, by their ids. */
  describeAll(): SnapshotDescription[];
  /** The same store for a caller in this process, whose digests are believed: it hashed the very bytes that it hands over. */
  readonly trusted: Snapshots;
  /** The `put` of `trusted`. */
  putHashed: Snapshots['put'];
  /** The blocks of a completed snapshot from index `from` on, part by part. */
  listFrom(id: SnapshotId, from: number): AsyncIterable<Part<ListedBlock>>;
  /** What differs between two completed snapshots of one lineage from index `from` on, part by part. Throws UnrelatedSnapshotsError. */
  changedFrom(pair: readonly [SnapshotId, SnapshotId], from: number): AsyncIterable<Part<ChangedBlock>>;
  /** The block at the index of a completed snapshot; undefined where it is absent. */
  readBlock(id: SnapshotId, index: number): Promise<{ data: Buffer; sha256: Buffer } | undefined>;
  close(): Promise<void>;
}

export interface SnapshotDescription {
  readonly id: SnapshotId;
  readonly spec: SnapshotSpec;
  readonly state: 'pending' | 'completed' | 'error';
  readonly startedAt: number;
  /** The key that encrypts it, its own or its parent's. */
  readonly kmsKeyArn?: string;
}

/**
 * Opens the snapshot store in the folder, made if it is not there: blocks in packs, one manifest per completed snapshot, the rest in SQLite.
 *
 * Invariants. A sealed snapshot is durable: every block it holds was synced, then its manifest, then the row that says so. A put survives the death of
 * the process; of the machine, only once it is sealed, and opening drops the puts whose bytes were lost, so that a seal cannot count them. A slot is
 * written again only after the commit that freed it is on the disk.
 */
export async function openFileSnapshots(folder: string, { clock }: { clock: Clock }): Promise<FileSnapshots> {
  mkdirSync(folder, { recursive: true });
  const store = openAlone(folder, clock);
  await store.recover();
  return store;
}

/** The folder is in another process's hands. */
export class SnapshotStoreInUseError extends Error {
  override readonly name = 'SnapshotStoreInUseError';
}

function openAlone(folder: string, clock: Clock): Store {
  try {
    return new Store(folder, clock);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new SnapshotStoreInUseError(`the snapshots in ${folder} are in use by another process; stop it, or use it`, {
      cause: error,
    });
  }
}
