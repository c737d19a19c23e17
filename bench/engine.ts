/**
 * The engine's speed, beside an engine that keeps nothing: `npm run bench -- engine`. Ours is on a file with full durability (`synchronous=FULL`), unless
 * it says "in memory". Pairs are measured in turn, and medians printed. What a commit costs on this disk is measured too: it bounds what is durable.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Json } from '../lib/json.ts';
import { INPUT, type MachineName, ROUNDS } from './engine/machines.ts';
import { type Ours, openOurs, removeFolderOf } from './engine/ours.ts';
import { installPeer, openPeer, PEER, type Peer } from './engine/peer.ts';

/** Measurements of each figure, after one to warm up. */
const TURNS = 5;

type Run = (machine: MachineName, input: Json) => Promise<void>;

interface Part {
  readonly what: string;
  readonly unit: string;
  /** What the project asks of itself. */
  readonly bar: number;
  /** Of two figures the lower is the better. */
  readonly isTime?: true;
  measure(run: Run): Promise<number>;
}

const secondsOf = async (work: () => Promise<unknown>) => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

const PARTS: readonly Part[] = [
  {
    what: 'chain of 10 Pass, one after another',
    unit: 'executions/s',
    bar: 1_000,
    async measure(run) {
      const count = 300;
      const seconds = await secondsOf(async () => {
        for (let at = 0; at < count; at++) await run('chain', INPUT);
      });
      return count / seconds;
    },
  },
  {
    what: 'loop of Task and Choice, 100 at once',
    unit: 'transitions/s',
    bar: 30_000,
    async measure(run) {
      const seconds = await secondsOf(() => Promise.all(Array.from({ length: 100 }, () => run('loop', INPUT))));
      return (100 * 2 * ROUNDS) / seconds;
    },
  },
  {
    what: 'Map of 1,000 Lambda tasks, 40 at once',
    unit: 's',
    bar: 0.5,
    isTime: true,
    measure: (run) => secondsOf(() => run('map', items(1_000))),
  },
];

const items = (count: number) => Array.from({ length: count }, (_, at) => at);

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The medians of several ways to do the same, measured in turn. */
async function medians(part: Part, ways: readonly Run[]): Promise<number[]> {
  for (const way of ways) await part.measure(way);
  const measured = ways.map((): number[] => []);
  for (let turn = 0; turn < TURNS; turn++)
    for (const [at, way] of ways.entries()) measured[at]!.push(await part.measure(way));
  return measured.map(median);
}

const figure = (value: number, unit: string) =>
  `${value < 10 ? value.toFixed(3) : Math.round(value).toLocaleString('en')} ${unit}`;
const tell = (what: string, told: string) => console.log(`  ${what.padEnd(44)} ${told}`);
const verdict = (met: boolean) => (met ? 'met' : 'MISSED');

async function compare(part: Part, ours: Ours, peer: Peer | undefined) {
  const { what, unit, bar, isTime } = part;
  const ways: Run[] = [ours.run, ours.runInMemory, ...(peer ? [peer.run] : [])];
  const [durable, memory, others] = (await medians(part, ways)) as [number, number, number | undefined];
  tell(
    what,
    `${figure(durable, unit)}   (bar ${figure(bar, unit)}: ${verdict(isTime ? durable <= bar : durable >= bar)})`,
  );
  const times = (value: number) => (isTime ? value / others! : others! / value).toFixed(2);
  tell('  in memory (Express)', figure(memory, unit));
  if (others !== undefined)
    tell(
      `  ${PEER}`,
      `${figure(others, unit)}, ${times(durable)} x as fast as ours on disk, ${times(memory)} x in memory`,
    );
}

/** Commits a second of 2 KiB each, with nothing around them. */
function bareCommits(folder: string): number {
  const database = new DatabaseSync(join(folder, 'bare.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (v TEXT)');
  const [begin, insert, commit] = ['BEGIN', 'INSERT INTO t VALUES (?)', 'COMMIT'].map((text) => database.prepare(text));
  const [count, began] = [500, performance.now()];
  for (let at = 0; at < count; at++) {
    begin!.run();
    insert!.run('x'.repeat(2_048));
    commit!.run();
  }
  database.close();
  return (count * 1_000) / (performance.now() - began);
}

const KIB = 1_024;

/** A measurement in a process of its own. */
function alone<T>(what: string, folder: string, { count, options = [] }: { count: number; options?: string[] }): T {
  const worker = join(import.meta.dirname, 'engine', 'worker.ts');
  const args = ['--no-warnings', '--expose-gc', ...options, worker, what, folder, String(count)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as T;
}

interface Parked {
  readonly memory: number;
  readonly seconds: number;
  readonly disk: number;
}

/** Executions that wait for a day: what they take, and how long the next start takes with them. Bars for 10,000 of them. */
function parked(count: number, bars: { readonly bytes: number; readonly seconds: number } | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'engine-bench-'));
  const begun = alone<Parked>('park', folder, { count });
  const again = alone<Parked>('recover', folder, { count });
  rmSync(folder, { recursive: true });
  const each = Math.max(begun.memory, again.memory);
  tell(
    `${count.toLocaleString('en')} parked executions`,
    `${(each / KIB).toFixed(2)} KiB of heap each${bars ? ` (bar ${bars.bytes / 1_000} kB: ${verdict(each <= bars.bytes)})` : ''}`,
  );
  tell('  on disk each', `${(begun.disk / KIB).toFixed(2)} KiB`);
  tell('  begun in', `${begun.seconds.toFixed(2)} s`);
  const bar = bars ? ` (bar ${bars.seconds} s: ${verdict(again.seconds <= bars.seconds)})` : '';
  tell('  recovered in', `${again.seconds.toFixed(2)} s${bar}`);
}

/** Children of a Map Run come and go: ten times the items must not take ten times the memory. */
function largeMap() {
  const [few, many] = [10_000, 100_000].map((count) => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-bench-'));
    const options = ['--max-old-space-size=192'];
    const measured = alone<Parked>('map', folder, { count, options });
    rmSync(folder, { recursive: true });
    return measured;
  }) as [Parked, Parked];
  const mib = ({ memory }: Parked) => `${Math.round(memory / KIB ** 2)} MiB`;
  tell('distributed Map of 100,000 items', `${many.seconds.toFixed(1)} s, ${mib(many)} more at most`);
  tell('  of 10,000 items', `${few.seconds.toFixed(1)} s, ${mib(few)} more at most; the heap is bounded to 192 MiB`);
}

/** Prints the figures. */
export async function bench(): Promise<void> {
  const installed = installPeer();
  const ours = await openOurs();
  const peer = installed && openPeer(installed.folder);
  const bare = Array.from({ length: TURNS }, () => bareCommits(join(ours.file, '..')));
  tell('bare commits of 2 KiB, each synced to disk', figure(median(bare), 'a second'));
  for (const part of PARTS) await compare(part, ours, peer);
  await ours.close();
  removeFolderOf(ours);
  largeMap();
  parked(10_000, { bytes: 4_000, seconds: 0.5 });
  if (installed) {
    const { memory } = alone<Parked>('peer', installed.folder, { count: 10_000 });
    tell(`  ${PEER}`, `${(memory / KIB).toFixed(2)} KiB of heap each; nothing is on disk, nothing is recovered`);
  }
  parked(100_000, undefined);
  installed?.remove();
}

if (import.meta.filename === process.argv[1]) await bench();
