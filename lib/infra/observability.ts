import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Dashboard, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventField, type EventPattern, type IEventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { ALARMS, type AlarmSpec } from './alarms.ts';
import { widgets } from './dashboard.ts';
import { Measures } from './measures.ts';
import type { Service } from './service.ts';
import type { Workflows } from './workflows.ts';

/** Where each alarm's entry is. */
export const RUNBOOK = 'docs/runbook.md';

export interface ObservabilityProps {
  readonly service: Service;
  readonly workflows: Workflows;
}

/** The dashboard, the alarms, and the topic that tells people of failures. */
export class Observability extends Construct {
  readonly topic: Topic;
  readonly dashboard: Dashboard;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { service, workflows }: ObservabilityProps) {
    super(scope, id);
    const { name, emails = [], alarmActions = [] } = service.settings;
    this.topic = new Topic(this, 'Topic', {
      topicName: `${name}-failures`,
      displayName: 'Rehost',
      masterKey: service.key,
      enforceSSL: true,
    });
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));
    this.#tellFailures(service.bus);

    const measures = new Measures({ service, workflows });
    this.alarms = ALARMS.map((spec) => this.#alarm(spec, { name, measures, service }));
    for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(this.topic), ...alarmActions);
    this.dashboard = new Dashboard(this, 'Dashboard', { dashboardName: name, defaultInterval: Duration.hours(12) });
    this.dashboard.addWidgets(...widgets(measures, this.alarms));
  }

  #alarm(
    { id, metric, threshold, meaning }: AlarmSpec,
    { name, measures, service }: { name: string; measures: Measures; service: Service },
  ): Alarm {
    return new Alarm(this, id, {
      alarmName: `${name}-${id}`,
      alarmDescription: `${meaning}. ${RUNBOOK}#${id}`,
      metric: metric(measures),
      threshold: typeof threshold === 'number' ? threshold : threshold(service.settings),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  /** One line for a person, per failed run, paused job and failed migration. */
  #tellFailures(eventBus: IEventBus) {
    const tell = (id: string, what: string, eventPattern: EventPattern) =>
      new Rule(this, id, {
        eventBus,
        description: `Tells people: ${what}`,
        eventPattern,
        targets: [
          new SnsTopic(this.topic, {
            message: RuleTargetInput.fromText(
              `${what} in ${Stack.of(this).region}: ${EventField.fromPath('$.detail.entity')}: ${EventField.fromPath('$.detail.reason')}`,
            ),
          }),
        ],
      });
    const change = (machine: string, to: string): EventPattern => ({
      source: ['rehost'],
      detailType: [`${machine} State Change`],
      detail: { to: [to] },
    });
    tell('RunFailed', 'A replication run failed', change('Replication Run', 'FAILED'));
    tell('JobPaused', 'A replication job is paused after failures', change('Replication Job', 'PAUSED_ON_FAILURE'));
    tell('MigrationFailed', 'A migration failed', change('Migration', 'FAILED'));
    tell('LaunchFailed', 'An application could not be launched', change('App Launch', 'LAUNCH_FAILED'));
  }
}
