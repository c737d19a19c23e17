import { Duration, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BundledFunction } from './function.ts';

export interface EventPublisherProps {
  readonly table: TableV2;
  readonly bus: EventBus;
}

/**
 * Carries every event item that is inserted into the table onto the bus: at least once, in the order of its entity (one entity's items are in one shard).
 * Where a record cannot be delivered for a day, a queue is told which it was.
 */
export class EventPublisher extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { table, bus }: EventPublisherProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const environment = { TABLE: table.tableName, ACCOUNT: Stack.of(this).account, BUS: bus.eventBusName };
    const publish = new BundledFunction(this, 'PublishEvents', { environment, timeout: Duration.minutes(1) });
    bus.grantPutEventsTo(publish.function);
    const inserted = FilterRule.isEqual('INSERT');
    const events = { Keys: { sk: { S: FilterRule.beginsWith('event#') } } };
    publish.function.addEventSource(
      new DynamoEventSource(table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        bisectBatchOnError: true,
        retryAttempts: 10_000,
        maxRecordAge: Duration.days(1),
        onFailure: new SqsDlq(this.deadLetters),
        filters: [FilterCriteria.filter({ eventName: inserted, dynamodb: events })],
      }),
    );
  }
}
