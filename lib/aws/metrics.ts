/** Namespace of the service's own metrics in CloudWatch. */
export const NAMESPACE = 'Rehost';

/** A measured value with the dimensions by which it is found. */
export interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Bytes' | 'Seconds';
  readonly value: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * Lines in CloudWatch's embedded metric format: what is written to a function's log becomes a metric, without a call and without a right.
 * Source: CloudWatch user guide, "Specification: Embedded metric format".
 */
export const metricLines = (metrics: readonly Metric[], at: number): string[] =>
  metrics.map(({ name, unit, value, dimensions }) =>
    JSON.stringify({
      _aws: {
        Timestamp: at,
        CloudWatchMetrics: [
          { Namespace: NAMESPACE, Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: name, Unit: unit }] },
        ],
      },
      ...dimensions,
      [name]: value,
    }),
  );
