import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BLOCK_SIZE, type SnapshotSpec, type Snapshots } from '../../lib/snapshots.ts';
import { uniqueName } from '../support/aws.ts';
import { until } from '../support/start.ts';

export interface OpenSnapshots {
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

type Blocks = Readonly<Record<number, string>>;

const block = (content: string) => Buffer.alloc(BLOCK_SIZE, content);
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();

export interface SnapshotsPlace {
  /** Whether it refuses what the real service does. */
  readonly faithful: boolean;
  /** Seconds in which a snapshot that was sealed is completed. */
  readonly patience: number;
}

export function snapshotsContract(open: () => Promise<OpenSnapshots>, { faithful, patience }: SnapshotsPlace) {
  let opened: OpenSnapshots;
  let snapshots: Snapshots;
  const begun: string[] = [];

  beforeAll(async () => {
    opened = await open();
    snapshots = opened.snapshots;
  });
  afterAll(async () => {
    for (const id of begun) await snapshots.remove(id);
    await opened?.close();
  }, 60_000);

  async function start(more: Partial<SnapshotSpec> = {}): Promise<string> {
    const token = uniqueName(`contract-${begun.length}`);
    const { id } = await snapshots.start({ sizeGiB: 1, token, tags: { job: '1' }, timeoutMinutes: 60, ...more });
    begun.push(id);
    return id;
  }

  /** A completed snapshot with these blocks. */
  async function made(blocks: Blocks, more: Partial<SnapshotSpec> = {}): Promise<string> {
    const id = await start(more);
    const datas = Object.values(blocks).map(block);
    for (const [at, index] of Object.keys(blocks).entries())
      await snapshots.put(id, Number(index), datas[at]!, sha256(datas[at]!));
    await snapshots.complete(id, { written: datas.length, linear: sha256(Buffer.concat(datas.map(sha256))) });
    await until(
      () => snapshots.state(id),
      (state) => state === 'completed',
      patience,
    );
    return id;
  }

  /** What the snapshot's blocks begin with. */
  async function contentOf(id: string): Promise<Blocks> {
    const content: Record<number, string> = {};
    for await (const { index, token } of snapshots.list(id)) {
      const { data, sha256: digest } = await snapshots.read(id, index, token);
      expect([data.length, sha256(data).equals(digest)]).toEqual([BLOCK_SIZE, true]);
      content[index] = data.toString('latin1', 0, 1);
    }
    return content;
  }

  async function changed(first: string, second: string): Promise<number[]> {
    const indexes: number[] = [];
    for await (const { index } of snapshots.changed(first, second)) indexes.push(index);
    return indexes;
  }

  describe('a snapshot', () => {
    test('holds the blocks that were put, in their order', async () => {
      const id = await made({ 0: 'a', 5: 'b', 2047: 'c' });
      expect(id).toMatch(/^snap-[0-9a-f]{17}$/);
      expect(await contentOf(id)).toEqual({ 0: 'a', 5: 'b', 2047: 'c' });
    });

    test('may have no blocks', async () => {
      expect(await contentOf(await made({}))).toEqual({});
    });

    test('inherits what it does not overwrite, and zeros overwrite', async () => {
      const parent = await made({ 0: 'a', 1: 'b', 2: 'c' });
      const child = await made({ 1: 'B', 2: '\0' }, { parent });
      expect(await contentOf(child)).toEqual({ 0: 'a', 1: 'B', 2: '\0' });
      expect(await changed(parent, child)).toEqual([1, 2]);
    });

    test('is one for its token', async () => {
      const token = uniqueName('contract-once');
      expect(await start({ token })).toBe(await start({ token }));
    });

    test('is gone when it is removed, once or twice', async () => {
      const id = await made({ 0: 'a' });
      await snapshots.remove(id);
      await snapshots.remove(id);
      expect(await snapshots.state(id)).toBeUndefined();
    });
  });

  const whenFaithful = faithful ? test : test.skip;
  whenFaithful('what cannot be done fails by name', async () => {
    const [id, other, pending] = [await made({ 0: 'a' }), await made({ 0: 'a' }), await start()];
    const a = block('a');
    const fails = (call: Promise<unknown>, ...names: string[]) =>
      expect(call).rejects.toMatchObject({ name: expect.stringMatching(names.join('|')) });
    const token = uniqueName('contract-token');
    await start({ token });
    await fails(start({ token, sizeGiB: 2 }), 'SnapshotTokenError');
    await fails(start({ timeoutMinutes: 1 }), 'SnapshotSpecError');
    await fails(start({ parent: pending }), 'SnapshotStateError');
    await fails(snapshots.put(id, 1, a, sha256(a)), 'SnapshotStateError');
    await fails(snapshots.put(pending, 4_000, a, sha256(a)), 'InvalidBlockError');
    // The digest is the signed hash of the body, too: over HTTP, whoever gives a wrong one does not get past the gate.
    await fails(snapshots.put(pending, 0, a, sha256(block('b'))), 'ChecksumMismatchError', 'BlockRefusedError');
    await fails(snapshots.complete(pending, { written: 1 }), 'IncompleteSnapshotError');
    await fails(changed(id, other), 'UnrelatedSnapshotsError');
    await fails(contentOf(pending), 'SnapshotStateError');
    await fails(snapshots.read(id, 0, 'AAAA'), 'InvalidBlockError');
  });
}
