import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Service } from './service.ts';
import type { Workflows } from './workflows.ts';

/** The namespace of lib/aws/metrics.ts. */
const NAMESPACE = 'Rehost';
const PERIOD = Duration.minutes(5);
/** States of migrations that are shown. */
const STATES = [
  'REPLICATING',
  'REPLICATED',
  'AWAITING_APPROVAL',
  'LAUNCHING',
  'LAUNCHED',
  'MIGRATED',
  'FAILED',
] as const;

/** Everything that is measured, by its name. */
export class Measures {
  readonly #service: Service;
  readonly #workflows: Workflows;

  constructor({ service, workflows }: { service: Service; workflows: Workflows }) {
    this.#service = service;
    this.#workflows = workflows;
  }

  /** Migrations by the state in which they are. */
  migrations(): IMetric[] {
    return STATES.map((state) => gauge('Migrations', { State: state }, state));
  }

  /** Entities that came into a state. */
  transitions(machine: string, state: string): IMetric {
    const dimensionsMap = { Machine: machine, State: state };
    return new Metric({
      namespace: NAMESPACE,
      metricName: 'Transitions',
      dimensionsMap,
      statistic: 'Sum',
      period: PERIOD,
      label: `${machine} ${state}`,
    });
  }

  imageBytes(): IMetric {
    const dimensionsMap = { Machine: 'Image' };
    return new Metric({
      namespace: NAMESPACE,
      metricName: 'ImageBytes',
      dimensionsMap,
      statistic: 'Sum',
      period: PERIOD,
      label: 'bytes of disks that became images',
    });
  }

  activeRuns = (): IMetric => gauge('ActiveRuns', { Machine: 'Replication Run' }, 'active runs');

  /** Seconds. */
  oldestRun = (): IMetric => gauge('OldestRunAge', { Machine: 'Replication Run' }, 'age of the oldest active run');

  apiErrors = (): IMetric => this.#service.api.function.metricErrors({ period: PERIOD });
  apiThrottles = (): IMetric => this.#service.api.function.metricThrottles({ period: PERIOD });
  apiCalls = (): IMetric => this.#service.api.function.metricInvocations({ period: PERIOD });
  starterErrors = (): IMetric => this.#workflows.starter.function.metricErrors({ period: PERIOD });

  /** Milliseconds that the oldest event waits for its publication. */
  eventAge = (): IMetric =>
    this.#service.publisher.function.function.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD });

  unpublished = (): IMetric =>
    this.#service.publisher.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD });
  unstarted = (): IMetric => this.#workflows.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD });

  failedExecutions = (): IMetric => this.#executions('ExecutionsFailed', 'failed executions');
  timedOutExecutions = (): IMetric => this.#executions('ExecutionsTimedOut', 'executions that timed out');
  throttledExecutions = (): IMetric => this.#executions('ExecutionThrottled', 'throttled executions');

  tableThrottles = (): IMetric =>
    sum(
      ['ReadThrottleEvents', 'WriteThrottleEvents'].map((metricName) =>
        this.#service.table.metric(metricName, { statistic: 'Sum', period: PERIOD }),
      ),
      'throttled reads and writes of the table',
    );

  #executions(metricName: string, label: string): IMetric {
    const machines = [...this.#workflows.stateMachines.values()];
    return sum(
      machines.map(({ stateMachine }) => stateMachine.metric(metricName, { statistic: 'Sum', period: PERIOD })),
      label,
    );
  }
}

const gauge = (metricName: string, dimensionsMap: Record<string, string>, label: string) =>
  new Metric({ namespace: NAMESPACE, metricName, dimensionsMap, statistic: 'Maximum', period: PERIOD, label });

/** Missing values count as none. */
function sum(metrics: readonly IMetric[], label: string): MathExpression {
  // The ids are to differ within a graph.
  const id = label.replaceAll(/\W/g, '');
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`${id}${index}`, metric]));
  const expression = Object.keys(usingMetrics)
    .map((name) => `FILL(${name}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics, label, period: PERIOD });
}
