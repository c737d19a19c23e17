import { MACHINES } from '../domain/states.ts';
import type { Measurement } from '../workflows/measure-service.ts';
import type { Metric } from './metrics.ts';

const RUN = { Machine: 'Replication Run' };

/** A measurement as metrics. States in which no migration is count 0, so that a graph goes down again. */
export const measurementMetrics = ({ migrations, activeRuns, oldestRunSeconds }: Measurement): Metric[] => [
  ...(Object.keys(MACHINES.Migration) as (keyof typeof MACHINES.Migration)[]).map(
    (state): Metric => ({
      name: 'Migrations',
      unit: 'Count',
      value: migrations[state] ?? 0,
      dimensions: { State: state },
    }),
  ),
  { name: 'ActiveRuns', unit: 'Count', value: activeRuns, dimensions: RUN },
  { name: 'OldestRunAge', unit: 'Seconds', value: oldestRunSeconds, dimensions: RUN },
];
