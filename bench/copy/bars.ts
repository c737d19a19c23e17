/** A figure and what the project asks of itself. */
export interface Bar {
  readonly what: string;
  /** Of the rounds: the best counts. On a machine that others use, too, all that chance can do is to add time. */
  readonly figures: readonly number[];
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Printed behind it. */
  readonly note?: string;
}

/** Prints the best figure, the spread, and whether it is within the bar. */
export function print({ what, figures, unit, atMost, atLeast, note = '' }: Bar): void {
  const figure = Math.min(...figures);
  const digits = figure >= 100 ? 0 : 2;
  const spread = figures.length > 1 ? ` (to ${Math.max(...figures).toFixed(digits)})` : '';
  const verdicts = [
    atMost === undefined ? '' : `; at most ${atMost}: ${figure <= atMost ? 'pass' : 'MISS'}`,
    atLeast === undefined ? '' : `; at least ${atLeast}: ${figure >= atLeast ? 'pass' : 'MISS'}`,
  ];
  console.log(
    `  ${what.padEnd(58)} ${figure.toFixed(digits)} ${unit}${spread}${verdicts.join('')}${note && `  ${note}`}`,
  );
}
