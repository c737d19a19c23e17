import type { Bytes } from '../connector/bytes.ts';
import { BLOCK_SIZE, GIB, type Snapshots } from '../snapshots.ts';

/** Blocks that are kept: a machine that starts reads files of some MiB from many places. 32 MiB. */
const KEPT = 64;

/** A snapshot as the volume that would be made of it: whole GiB, with zeros where it has no blocks. Each block is checked when it is read. */
export async function snapshotBytes(
  { snapshotId, sizeGiB }: { snapshotId: string; sizeGiB: number },
  snapshots: Snapshots,
): Promise<Bytes> {
  const tokens = new Map<number, string>();
  for await (const { index, token } of snapshots.list(snapshotId)) tokens.set(index, token);
  const kept = new Map<number, Promise<Buffer>>();
  const block = (index: number): Promise<Buffer> | undefined => {
    const token = tokens.get(index);
    if (token === undefined) return undefined;
    const data = kept.get(index) ?? snapshots.read(snapshotId, index, token).then((answer) => answer.data);
    // The last one used is the last to go.
    kept.delete(index);
    kept.set(index, data);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return data;
  };
  return {
    size: sizeGiB * GIB,
    async read(offset, into) {
      for (let at = 0; at < into.length; ) {
        const start = (offset + at) % BLOCK_SIZE;
        const part = into.subarray(at, at + BLOCK_SIZE - start);
        const data = await block(Math.floor((offset + at) / BLOCK_SIZE));
        if (data) data.copy(part, 0, start);
        else part.fill(0);
        at += part.length;
      }
    },
    async *allocated() {
      for (const index of [...tokens.keys()].sort((one, other) => one - other))
        yield { offset: index * BLOCK_SIZE, length: BLOCK_SIZE };
    },
    async close() {},
  };
}
