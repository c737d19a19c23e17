import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChangesUnknownError, type Disk, type Extent } from '../../lib/connector/source.ts';
import { Concurrency, REMOTE_LIMITS } from '../../lib/replication/concurrency.ts';
import { copyDisk } from '../../lib/replication/copy-disk.ts';
import { Journal } from '../../lib/replication/journal.ts';
import { Manifest } from '../../lib/replication/manifest.ts';
import { Pacer } from '../../lib/replication/pacer.ts';
import { type Previous, planBlocks } from '../../lib/replication/plan-blocks.ts';
import { BLOCK_SIZE, type Snapshots } from '../../lib/snapshots.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { CLOCK } from './data-centre.ts';

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const block = (content: string | number) => Buffer.alloc(BLOCK_SIZE, content);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A disk of a source that tracks changes, and says which blocks are read. */
function trackedDisk(blocks: readonly Buffer[], { allocated, changed }: { allocated: Extent[]; changed?: Extent[] }) {
  const reads: number[] = [];
  const disk: Disk = {
    key: 'disk',
    size: blocks.length * BLOCK_SIZE,
    changeId: 'now',
    async *allocated() {
      yield* allocated;
    },
    async *changedSince() {
      if (!changed) throw new ChangesUnknownError('the change id is not known');
      yield* changed;
    },
    async read(offset, into) {
      for (let index = offset / BLOCK_SIZE; index * BLOCK_SIZE < offset + into.length; index++) {
        reads.push(index);
        blocks[index]!.copy(into, index * BLOCK_SIZE - offset);
      }
    },
  };
  return { disk, reads };
}

/** A store that keeps puts in a map. */
function mapStore() {
  const puts = new Map<number, Buffer>();
  const put = async (_id: string, index: number, data: Buffer) => {
    puts.set(index, Buffer.from(data));
    return { throttles: 0 };
  };
  return { puts, snapshots: { put } as unknown as Snapshots };
}

const digestsOf = (...blocks: (Buffer | undefined)[]) =>
  Buffer.concat(blocks.map((one) => (one ? sha256(one) : Buffer.alloc(32))));

const earlier = () => join(folder, 'earlier');

/** What an earlier copy left. */
function previousOf(...blocks: (Buffer | undefined)[]): Previous {
  writeFileSync(earlier(), digestsOf(...blocks));
  return { manifest: Manifest.open(earlier()), size: blocks.length * BLOCK_SIZE, changeId: 'then' };
}

async function copy(disk: Disk, previous?: Previous, more: object = {}) {
  const store = mapStore();
  const { blocks: plan } = await planBlocks(disk, previous);
  const path = join(folder, 'manifest');
  const manifest = Manifest.create(path, { blocks: plan.blocks, ...(previous ? { from: earlier() } : {}) });
  const result = await copyDisk(disk, {
    snapshots: store.snapshots,
    target: 'snap-1',
    plan,
    manifest,
    journal: { path: join(folder, 'journal'), header: 'header' },
    progress: { block() {}, skip() {} },
    concurrency: new Concurrency(REMOTE_LIMITS, CLOCK),
    ...more,
  });
  manifest.sync();
  return { ...result, digests: readFileSync(path), puts: store.puts };
}

describe('a copy', () => {
  const extent = (first: number, blocks: number): Extent => ({
    offset: first * BLOCK_SIZE,
    length: blocks * BLOCK_SIZE,
  });

  test('reads what is allocated, and of that puts what is not zero', async () => {
    const { disk, reads } = trackedDisk([block('a'), block(0), block('c'), block('d')], {
      allocated: [extent(0, 2), extent(3, 1)],
    });
    const { puts, digests, seal } = await copy(disk);
    expect(reads.toSorted()).toEqual([0, 1, 3]);
    expect([...puts.keys()].toSorted()).toEqual([0, 3]);
    expect(digests).toEqual(digestsOf(block('a'), undefined, undefined, block('d')));
    expect(seal).toEqual({ written: 2, linear: sha256(Buffer.concat([sha256(block('a')), sha256(block('d'))])) });
  });

  test('reads only what the source says has changed', async () => {
    const { disk, reads } = trackedDisk([block('a'), block('B'), block('c')], {
      allocated: [extent(0, 3)],
      changed: [extent(1, 2)],
    });
    const previous = previousOf(block('a'), block('b'), block('c'));
    const { puts, digests } = await copy(disk, previous);
    expect(reads.toSorted()).toEqual([1, 2]);
    expect([...puts.keys()]).toEqual([1]);
    expect(digests).toEqual(digestsOf(block('a'), block('B'), block('c')));
  });

  test('takes extents that begin and end within blocks, and overlap', async () => {
    const blocks = ['a', 'b', 'c', 'd'].map(block);
    const { disk } = trackedDisk(blocks, {
      allocated: [{ offset: BLOCK_SIZE - 1, length: 2 }, { offset: 5, length: 0 }, extent(1, 1)],
    });
    expect([...(await planBlocks(disk)).blocks]).toEqual([0, 1]);
  });

  test('compares all blocks when the source lost track, and finds those that are no longer allocated', async () => {
    const { disk, reads } = trackedDisk([block('a'), block(0), block(0)], { allocated: [extent(0, 1)] });
    const previous = previousOf(block('a'), block('b'), undefined);
    const { puts, digests } = await copy(disk, previous);
    expect(reads.toSorted()).toEqual([0, 1]);
    expect([...puts.keys()]).toEqual([1]);
    expect(digests).toEqual(digestsOf(block('a'), block(0), undefined));
  });

  test('throws the first failure when every worker has stopped', async () => {
    let running = 0;
    const { disk } = trackedDisk(
      Array.from({ length: 40 }, (_, index) => block(`${index}`)),
      { allocated: [extent(0, 40)] },
    );
    const put = async (_id: string, index: number) => {
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (index === 7) throw new Error('no room');
      return { throttles: 0 };
    };
    await expect(copy(disk, undefined, { snapshots: { put } })).rejects.toThrow('no room');
    expect(running).toBe(0);
  });

  test.each(['stopped', 'failed'])('puts nothing more once it was %s, also what waited for its turn', async (how) => {
    const { disk } = trackedDisk(
      Array.from({ length: 40 }, (_, index) => block(`${index}`)),
      { allocated: [extent(0, 40)] },
    );
    const stop = new AbortController();
    const clock = new VirtualClock();
    const pacer = new Pacer({ windows: [], bytesPerSecond: BLOCK_SIZE }, clock);
    let puts = 0;
    const put = async () => {
      if (++puts < 3) return { throttles: 0 };
      if (how === 'failed') throw new Error('no room');
      stop.abort();
      return { throttles: 0 };
    };
    let isOver = false;
    const copying = copy(disk, undefined, { snapshots: { put }, pacer, signal: stop.signal }).finally(() => {
      isOver = true;
    });
    const ended = expect(copying).rejects.toThrow(how === 'failed' ? 'no room' : 'aborted');
    while (!isOver) await clock.advance(10);
    await ended;
    await clock.advance(60_000);
    expect(puts).toBe(3);
  });
});

describe('a journal', () => {
  const path = () => join(folder, 'journal');
  const digest = (text: string) => sha256(Buffer.from(text));
  const replay = (header = 'header') => {
    const records: [number, string][] = [];
    Journal.open(path(), header, (index, one) => records.push([index, one.toString('hex')])).close();
    return records;
  };
  const write = (...indexes: number[]) => {
    const journal = Journal.open(path(), 'header', () => {});
    for (const index of indexes) journal.add(index, digest(`${index}`));
    journal.close();
  };
  const record = (index: number) => [index, digest(`${index}`).toString('hex')];

  test('hands over what was added, over several openings', () => {
    write(3, 1);
    write(2);
    expect(replay()).toEqual([3, 1, 2].map(record));
  });

  test('has more records than are read at once', () => {
    const indexes = Array.from({ length: 9000 }, (_, index) => index);
    write(...indexes);
    expect(replay()).toEqual(indexes.map(record));
  });

  test('is empty under another header', () => {
    write(1);
    expect(replay('another')).toEqual([]);
    expect(replay()).toEqual([]);
  });

  test.each([
    ['a torn record', () => appendFileSync(path(), Buffer.alloc(17, 1))],
    ['a record of zeros', () => appendFileSync(path(), Buffer.alloc(40))],
    ['a record that was damaged', () => appendFileSync(path(), Buffer.alloc(40, 7))],
  ])('drops %s at its end, and goes on from there', (_, damage) => {
    write(1);
    damage();
    expect(replay()).toEqual([record(1)]);
    write(2);
    expect(replay()).toEqual([record(1), record(2)]);
    expect(readFileSync(path()).length).toBe('header\n'.length + 2 * 40);
  });
});
