import { Duration } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BundledFunction } from './function.ts';

export interface EventPipeProps {
  readonly table: TableV2;
  readonly bus: EventBus;
}

/**
 * Carries every event item that is inserted into the table onto the bus: at least once, in the order of its entity (one entity's items are in one shard).
 * What cannot be delivered goes to a queue after a day.
 */
export class EventPipe extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { table, bus }: EventPipeProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const toEvents = new BundledFunction(this, 'ToEvents');
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('pipes.amazonaws.com') });
    table.grantStreamRead(role);
    toEvents.function.grantInvoke(role);
    bus.grantPutEventsTo(role);
    this.deadLetters.grantSendMessages(role);

    const insertedEvents = { eventName: ['INSERT'], dynamodb: { Keys: { sk: { S: [{ prefix: 'event#' }] } } } };
    new CfnPipe(this, 'Resource', {
      roleArn: role.roleArn,
      source: table.tableStreamArn!,
      sourceParameters: {
        dynamoDbStreamParameters: {
          startingPosition: 'TRIM_HORIZON',
          batchSize: 10,
          maximumRecordAgeInSeconds: Duration.days(1).toSeconds() - 1,
          onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
          deadLetterConfig: { arn: this.deadLetters.queueArn },
        },
        filterCriteria: { filters: [{ pattern: JSON.stringify(insertedEvents) }] },
      },
      enrichment: toEvents.function.functionArn,
      target: bus.eventBusArn,
      targetParameters: {
        eventBridgeEventBusParameters: { source: '$.source', detailType: '$.detailType', time: '$.time' },
        inputTemplate: '<$.detail>',
      },
    });
  }
}
