import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockSet } from '../../lib/replication/block-set.ts';
import { Manifest } from '../../lib/replication/manifest.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();
/** 64 TiB: the largest disk that EBS has. */
const LARGEST = 2 ** 27;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a manifest', () => {
  test('keeps what was set all over a disk, more pages than are in memory, and finds it again', () => {
    const indexes = Array.from({ length: 60 }, (_, at) => at * 5_000 + (at % 7));
    const path = join(folder, 'one');
    const manifest = Manifest.create(path, { blocks: 300_000 });
    for (const index of indexes) manifest.set(index, digest(`${index}`));
    for (const index of [...indexes].reverse()) expect(manifest.at(index).equals(digest(`${index}`))).toBe(true);
    manifest.sync();
    manifest.close();
    const read = Manifest.open(path);
    const found: number[] = [];
    for (let index = read.next(0); index >= 0; index = read.next(index + 1)) found.push(index);
    expect(found).toEqual(indexes);
    expect(read.count()).toBe(60);
    const chosen = new BlockSet(300_000);
    for (const index of [indexes[3]!, indexes[50]!]) chosen.add(index);
    const both = Buffer.concat([digest(`${indexes[3]}`), digest(`${indexes[50]}`)]);
    expect(read.linear(chosen).equals(createHash('sha256').update(both).digest())).toBe(true);
    read.close();
  });

  test('begins with an earlier one, also of a smaller disk, and leaves that as it was', () => {
    const [from, path] = [join(folder, 'earlier'), join(folder, 'later')];
    const earlier = Manifest.create(from, { blocks: 10 });
    earlier.set(9, digest('nine'));
    earlier.sync();
    const later = Manifest.create(path, { blocks: 5_000, from });
    later.set(9, digest('other'));
    later.set(4_999, digest('last'));
    later.sync();
    expect([earlier.at(9).equals(digest('nine')), later.next(0), later.next(10), later.next(5_000)]).toEqual([
      true,
      9,
      4_999,
      -1,
    ]);
    expect([statSync(from).size, statSync(path).size]).toEqual([320, 160_000]);
    earlier.close();
    later.close();
  });
});

describe('a set of blocks', () => {
  test('is what a set of numbers is', () => {
    const range = fc.tuple(fc.nat(400), fc.nat(400));
    const property = fc.property(fc.array(range, { maxLength: 5 }), fc.array(fc.nat(299)), (ranges, single) => {
      const [blocks, numbers] = [new BlockSet(300), new Set<number>()];
      for (const [first, length] of ranges) {
        blocks.addRange(first, first + length);
        for (let index = first; index < Math.min(300, first + length); index++) numbers.add(index);
      }
      for (const index of single) {
        blocks.add(index);
        numbers.add(index);
      }
      expect([...blocks]).toEqual([...numbers].sort((a, b) => a - b));
      expect(blocks.count()).toBe(numbers.size);
      for (let index = 0; index < 310; index++) expect(blocks.has(index)).toBe(numbers.has(index));
    });
    fc.assert(property);
  });

  test('of the largest disk takes 16 MiB, and is gone through in no time', () => {
    const blocks = new BlockSet(LARGEST);
    for (const index of [31, LARGEST - 1]) blocks.add(index);
    expect([...blocks]).toEqual([31, LARGEST - 1]);
  });
});
