import type { SnapshotId, Snapshots } from '../snapshots.ts';
import { sha256 } from './digest.ts';
import type { Manifest } from './manifest.ts';

/** Blocks of a snapshot that are read back, spread over it. The store verified every block as it came; this is to find a store that loses them. */
const SAMPLES = 16;

export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

export interface Expected {
  readonly manifest: Manifest;
  /** A byte per block, 1 for those that were put into the snapshot itself. */
  readonly put: Uint8Array;
  readonly parent?: SnapshotId;
}

/** Compares a sealed snapshot with what it should hold: its listing, what it changed of its parent, and a sample of its bytes. Throws VerificationError. */
export async function verifySnapshot(snapshots: Snapshots, id: SnapshotId, expected: Expected): Promise<void> {
  const tokens = await verifyListing(snapshots, id, expected.manifest);
  if (expected.parent !== undefined) await verifyChanges(snapshots, [expected.parent, id], expected.put);
  for (const [index, token] of tokens) {
    const { data } = await snapshots.read(id, index, token);
    if (!(await sha256(data)).equals(expected.manifest.at(index)))
      throw new VerificationError(
        `block ${index} of snapshot ${id} is not what was put; copy again, and check the store`,
      );
  }
}

/** The listing has exactly the blocks of the manifest. Answers the tokens of the sample. */
async function verifyListing(snapshots: Snapshots, id: SnapshotId, manifest: Manifest): Promise<[number, string][]> {
  const sample: [number, string][] = [];
  const step = Math.max(1, Math.floor(manifest.blocks / SAMPLES));
  let next = 0;
  let due = 0;
  for await (const { index, token } of snapshots.list(id)) {
    while (next < index && !manifest.holds(next)) next++;
    if (next !== index || !manifest.holds(index))
      throw new VerificationError(
        `snapshot ${id} ${next < index ? `lacks block ${next}` : `has a block ${index} that was never put`}; copy again`,
      );
    next++;
    if (index < due) continue;
    sample.push([index, token]);
    due = index + step;
  }
  while (next < manifest.blocks && !manifest.holds(next)) next++;
  if (next < manifest.blocks) throw new VerificationError(`snapshot ${id} lacks block ${next}; copy again`);
  return sample;
}

async function verifyChanges(snapshots: Snapshots, [parent, id]: [SnapshotId, SnapshotId], put: Uint8Array) {
  for await (const { index } of snapshots.changed(parent, id))
    if (!put[index])
      throw new VerificationError(`block ${index} of ${id} differs from ${parent} but was not put; copy again`);
}
