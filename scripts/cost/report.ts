import { blocksOf } from '../../lib/snapshots.ts';
import { GIGABYTE_SECONDS, PRICES } from './prices.ts';
import { BLOCKS, type Recording } from './record.ts';

/** Invocations of all functions: the tasks, the API, those that publish events and start workflows. */
export const invocationsOf = ({ taskInvocations, apiCalls, publishedBatches, matchedEvents }: Recording) =>
  taskInvocations + apiCalls + publishedBatches + matchedEvents;

const LINES: readonly [string, (recording: Recording) => number, number][] = [
  ['state transitions', ({ transitions }) => transitions, PRICES.transition],
  ['invocations', invocationsOf, PRICES.invocation + GIGABYTE_SECONDS * PRICES.gigabyteSecond],
  ['  of tasks', ({ taskInvocations }) => taskInvocations, 0],
  ['  of the API', ({ apiCalls }) => apiCalls, 0],
  ['  to publish events', ({ publishedBatches }) => publishedBatches, 0],
  ['  to start workflows', ({ matchedEvents }) => matchedEvents, 0],
  ['write units', ({ writeUnits }) => writeUnits, PRICES.writeUnit],
  ['read units', ({ readUnits }) => readUnits, PRICES.readUnit],
  ['events', ({ events }) => events, PRICES.event],
  ['block puts', ({ blockPuts }) => blockPuts, PRICES.blockPut],
  ['block gets', ({ blockGets }) => blockGets, PRICES.blockGet],
  ['object puts', ({ objectPuts }) => objectPuts, PRICES.objectPut],
];

/** US dollars of the whole recording. */
export const priceOf = (recording: Recording) =>
  LINES.reduce((sum, [, count, price]) => sum + count(recording) * price, 0);

/** A table of what each recording used per server, and what that costs. */
export function report(recordings: readonly Recording[]): string {
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(22) + cells.map((cell) => cell.padStart(16)).join('');
  const perServer = (count: (recording: Recording) => number) =>
    recordings.map((one) => (count(one) / one.servers).toFixed(2));
  const dollars = (value: number) => `$${value.toFixed(6)}`;
  const copy = blocksOf(1_024) * PRICES.blockPut;
  return [
    row(
      'servers',
      recordings.map(({ servers }) => String(servers)),
    ),
    row(
      'applications',
      recordings.map(({ apps }) => String(apps)),
    ),
    'per server',
    ...LINES.map(([name, count]) => row(name, perServer(count))),
    row(
      'price',
      recordings.map((one) => dollars(priceOf(one) / one.servers)),
    ),
    row(
      'price of all',
      recordings.map((one) => `$${priceOf(one).toFixed(2)}`),
    ),
    '',
    `Prices of ${PRICES.asOf}, ${PRICES.region}. Recorded with ${BLOCKS} blocks a server, copied at once. On top come, for what is really copied and awaited:`,
    `  $${copy.toFixed(2)} a TiB of blocks put, $${(60 * (3 * PRICES.transition + 2 * PRICES.invocation)).toFixed(4)} an hour that an application replicates (60 polls, whatever its servers).`,
    'Not counted: storage of snapshots and images, instances, logs, traffic. The duration of an invocation is assumed (scripts/cost/prices.ts).',
  ].join('\n');
}
