import type { Sample } from './meter.ts';

/** A figure and what the project asks of itself. */
export interface Bar {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Printed behind it. */
  readonly note?: string;
}

/** The least of each: on a machine that others use, too, all that chance can do is to add time. */
export const best = (samples: readonly Sample[]): Sample => ({
  ms: Math.min(...samples.map(({ ms }) => ms)),
  cpu: Math.min(...samples.map(({ cpu }) => cpu)),
});

/** Prints the figure, and whether it is within the bar. */
export function print({ what, figure, unit, atMost, atLeast, note }: Bar): void {
  const verdicts = [
    atMost === undefined ? '' : `; at most ${atMost}: ${figure <= atMost ? 'pass' : 'MISS'}`,
    atLeast === undefined ? '' : `; at least ${atLeast}: ${figure >= atLeast ? 'pass' : 'MISS'}`,
  ];
  const text = `${figure.toFixed(figure >= 100 ? 0 : 2)} ${unit}`;
  console.log(`  ${what.padEnd(46)} ${text}${verdicts.join('')}${note === undefined ? '' : `  (${note})`}`);
}

export function printTime(what: string, samples: readonly Sample[], bytes?: number): void {
  const { ms, cpu } = best(samples);
  const rate = bytes === undefined ? '' : `, ${(bytes / 2 ** 20 / (ms / 1_000)).toFixed(0)} MiB/s`;
  print({ what, figure: ms, unit: 'ms', note: `${cpu.toFixed(0)} ms of processor time${rate}` });
}

/** The ratio of the times decides; that of processor time is told beside it. */
export function printRatio(
  what: string,
  [one, other]: readonly [readonly Sample[], readonly Sample[]],
  { note, ...bar }: Pick<Bar, 'atMost' | 'atLeast' | 'note'>,
): void {
  const [ours, theirs] = [best(one), best(other)];
  const cpu = `${(ours.cpu / theirs.cpu).toFixed(2)} x of processor time`;
  print({ what, figure: ours.ms / theirs.ms, unit: 'x', ...bar, note: note === undefined ? cpu : `${note}; ${cpu}` });
}
