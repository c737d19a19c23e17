import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Measures } from './measures.ts';
import type { Settings } from './settings.ts';

export interface AlarmSpec {
  /** Heading of its entry in docs/runbook.md. */
  readonly id: string;
  readonly meaning: string;
  readonly metric: (measures: Measures) => IMetric;
  /** The alarm is raised at this value and above. */
  readonly threshold: number | ((settings: Settings) => number);
}

/** Milliseconds that an event may wait for its publication. */
const LATE = 5 * 60_000;

/** Everything that calls a person; each has an entry in the runbook. */
export const ALARMS: readonly AlarmSpec[] = [
  { id: 'api-errors', meaning: 'Calls of the API failed', metric: (measures) => measures.apiErrors(), threshold: 1 },
  {
    id: 'api-throttles',
    meaning: 'Lambda refuses calls of the API',
    metric: (measures) => measures.apiThrottles(),
    threshold: 1,
  },
  {
    id: 'events-late',
    meaning: 'Events wait for their publication',
    metric: (measures) => measures.eventAge(),
    threshold: LATE,
  },
  {
    id: 'events-unpublished',
    meaning: 'Events were given up',
    metric: (measures) => measures.unpublished(),
    threshold: 1,
  },
  {
    id: 'starts-failing',
    meaning: 'Events do not start their workflows',
    metric: (measures) => measures.starterErrors(),
    threshold: 3,
  },
  {
    id: 'workflows-unstarted',
    meaning: 'Events started nothing after all attempts',
    metric: (measures) => measures.unstarted(),
    threshold: 1,
  },
  {
    id: 'executions-failed',
    meaning: 'Executions failed',
    metric: (measures) => measures.failedExecutions(),
    threshold: 1,
  },
  {
    id: 'executions-timed-out',
    meaning: 'Executions timed out',
    metric: (measures) => measures.timedOutExecutions(),
    threshold: 1,
  },
  {
    id: 'executions-throttled',
    meaning: 'Step Functions slows executions down',
    metric: (measures) => measures.throttledExecutions(),
    threshold: 100,
  },
  {
    id: 'run-too-old',
    meaning: 'A replication run is active for too long',
    metric: (measures) => measures.oldestRun(),
    threshold: ({ longestRun }) => longestRun.toSeconds(),
  },
  {
    id: 'job-paused',
    meaning: 'Failures paused a replication job',
    metric: (measures) => measures.transitions('Replication Job', 'PAUSED_ON_FAILURE'),
    threshold: 1,
  },
  {
    id: 'migration-failed',
    meaning: 'A migration failed',
    metric: (measures) => measures.transitions('Migration', 'FAILED'),
    threshold: 1,
  },
  {
    id: 'table-throttled',
    meaning: 'DynamoDB refuses reads or writes',
    metric: (measures) => measures.tableThrottles(),
    threshold: 1,
  },
];
