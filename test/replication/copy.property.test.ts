import { existsSync } from 'node:fs';
import { readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { imagesSource } from '../../lib/connector/images-source.ts';
import type { Source } from '../../lib/connector/source.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { BLOCK_SIZE, type Snapshots } from '../../lib/snapshots.ts';
import { wrongsOf } from '../local/check-store.ts';
import { bytesOf, CLOCK, type DataCentre, openDataCentre, recording } from './data-centre.ts';
import { tracking } from './tracking.ts';

const DISK = 'disk.img';
/** A disk that comes and goes. */
const SECOND = 'disk2.img';
/** Few, so that writes meet; the laws do not depend on the number. */
const MOST_BLOCKS = 6;

type Step =
  | { readonly kind: 'write'; readonly block: number; readonly content: number }
  | { readonly kind: 'grow'; readonly bytes: number }
  /** A disk that shrank is refused; then it has its size again, and zeros at its end. */
  | { readonly kind: 'shrink'; readonly bytes: number }
  | { readonly kind: 'second' }
  | { readonly kind: 'run' }
  /** A run that ends before its put of this number, and is made again by a service that was started anew. */
  | { readonly kind: 'crash'; readonly puts: number }
  | { readonly kind: 'retain'; readonly snapshots: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('write'), block: fc.nat(MOST_BLOCKS - 1), content: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('grow'), bytes: fc.nat(2 * BLOCK_SIZE) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shrink'), bytes: fc.integer({ min: 1, max: BLOCK_SIZE }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('second') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('run') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash'), puts: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain'), snapshots: fc.nat(2) }) },
);

/** A store that fails before its put of that number. */
function failing(snapshots: Snapshots, puts: number): Snapshots {
  const store = recording(snapshots);
  return {
    ...store,
    async put(...put) {
      if (store.puts.length >= puts) throw new Error('crash');
      return store.put(...put);
    },
  };
}

/** Carries out the steps; after each run, all snapshots that are kept hold what the disk held at their time. */
class Model {
  #centre: DataCentre;
  #snapshots: DataCentre['snapshots'];
  #source: Source;
  #runs = 0;
  #size = 0;
  #taken: { id: string; bytes: Buffer }[] = [];
  /** The blocks that were written, in order. */
  #written: number[] = [];

  constructor(centre: DataCentre, tracked: boolean) {
    this.#centre = centre;
    this.#snapshots = centre.snapshots;
    const source = imagesSource(join(centre.folder, 'source'));
    this.#source = tracked ? tracking(source, this.#changes) : source;
  }

  /** What a hypervisor would list. Growth is not a change. */
  #changes = {
    instant: () => `${this.#written.length}`,
    changedSince: (key: string, changeId: string) =>
      key === DISK
        ? this.#written.slice(Number(changeId)).map((block) => ({ offset: block * BLOCK_SIZE, length: BLOCK_SIZE }))
        : [],
  };

  async do(one: Step) {
    if (one.kind === 'write') await this.#write(one.block, one.content);
    if (one.kind === 'grow') await this.#grow(one.bytes);
    if (one.kind === 'shrink') await this.#shrink(one.bytes);
    if (one.kind === 'second') await this.#second();
    if (one.kind === 'retain') await this.#retain(one.snapshots);
    if (one.kind === 'run') await this.#run();
    if (one.kind === 'crash') await this.#crash(one.puts);
  }

  async #write(block: number, content: number) {
    if ((block + 1) * BLOCK_SIZE > this.#size) return;
    await this.#centre.overwrite(DISK, block, content);
    this.#written.push(block);
  }

  async #shrink(bytes: number) {
    if (this.#runs === 0 || bytes >= this.#size) return;
    // What was written since may be larger than what was copied: only what lies below that is refused.
    await this.#run();
    await truncate(this.#centre.path(DISK), this.#size - bytes);
    await expect(this.#transfer(this.#snapshots)).rejects.toMatchObject({ name: 'DiskShrunkError' });
    await truncate(this.#centre.path(DISK), this.#size);
    for (let block = Math.floor((this.#size - bytes) / BLOCK_SIZE); block * BLOCK_SIZE < this.#size; block++)
      this.#written.push(block);
  }

  async #second() {
    const path = this.#centre.path(SECOND);
    if (existsSync(path)) await rm(path);
    else await this.#centre.write(SECOND, Buffer.alloc(BLOCK_SIZE + 3, 'second'));
  }

  async #grow(bytes: number) {
    this.#size = Math.min(MOST_BLOCKS * BLOCK_SIZE, this.#size + bytes);
    await truncate(this.#centre.path(DISK), this.#size);
  }

  async #retain(snapshots: number) {
    while (this.#taken.length > snapshots) await this.#snapshots.remove(this.#taken.shift()!.id);
  }

  async #crash(puts: number) {
    const run = this.#transfer(failing(this.#snapshots, puts));
    await run.catch((error: Error) => expect(error.message).toBe('crash'));
    await this.#snapshots.close();
    expect(await wrongsOf(join(this.#centre.folder, 'snapshots'))).toEqual([]);
    this.#snapshots = await openFileSnapshots(join(this.#centre.folder, 'snapshots'), { clock: CLOCK });
    await this.#run();
  }

  async #run() {
    const { disks } = await this.#transfer(this.#snapshots);
    this.#runs++;
    for (const { key, snapshotId: id } of disks)
      this.#taken.push({ id, bytes: await readFile(this.#centre.path(key)) });
    for (const { id, bytes } of this.#taken)
      expect((await bytesOf(this.#snapshots, id, bytes.length)).equals(bytes)).toBe(true);
  }

  #transfer = (snapshots: Snapshots) =>
    this.#centre.transfer(`run-${this.#runs}`, { snapshots, source: this.#source, scanEvery: 3, verification: 'full' });

  async end() {
    await this.#retain(0);
    expect(this.#snapshots.storedBytes()).toBe(0);
    await this.#snapshots.close();
    expect(await wrongsOf(join(this.#centre.folder, 'snapshots'))).toEqual([]);
  }
}

test('whatever is written, grown, interrupted and removed, every snapshot holds what the disk held at its time', async () => {
  const steps = fc.array(step, { minLength: 4, maxLength: 10 });
  const property = fc.asyncProperty(steps, fc.boolean(), async (history, tracked) => {
    const centre = await openDataCentre();
    await centre.write(DISK, Buffer.alloc(0));
    const model = new Model(centre, tracked);
    await model.do({ kind: 'grow', bytes: 3 * BLOCK_SIZE + 17 });
    for (const one of history) await model.do(one);
    await model.end();
    await centre.remove();
  });
  await fc.assert(property, { numRuns: Number(process.env.RUNS ?? 8) });
}, 600_000);
