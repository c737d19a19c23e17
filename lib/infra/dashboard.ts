import {
  type Alarm,
  AlarmStatusWidget,
  GraphWidget,
  type IMetric,
  type IWidget,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Measures } from './measures.ts';

/** Columns of the 24 of a row. */
const WIDTH = 12;

/** The dashboard, what matters most first. */
export function widgets(measures: Measures, alarms: readonly Alarm[]): IWidget[] {
  const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
    new GraphWidget({ title, left, right, width: WIDTH });
  const run = (state: string) => measures.transitions('Replication Run', state);
  return [
    new AlarmStatusWidget({ title: 'Alarms: docs/runbook.md', alarms: [...alarms], width: 24 }),
    new SingleValueWidget({ title: 'Migrations by state', metrics: measures.migrations(), width: 24 }),
    graph('Runs', [run('COMPLETED'), run('FAILED'), run('MISSED')], [measures.activeRuns()]),
    graph('Age of the oldest active run, in seconds', [measures.oldestRun()]),
    graph('Bytes of disks that became images', [measures.imageBytes()]),
    graph('Failures', [
      measures.failedExecutions(),
      measures.timedOutExecutions(),
      measures.apiErrors(),
      measures.starterErrors(),
    ]),
    graph('API', [measures.apiCalls()], [measures.apiThrottles()]),
    graph('Throttles', [measures.tableThrottles(), measures.throttledExecutions()]),
    graph('Dead letters', [measures.unpublished(), measures.unstarted()]),
    graph('Age of unpublished events, in milliseconds', [measures.eventAge()]),
  ];
}
