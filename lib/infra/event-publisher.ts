import { Duration } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetters } from './dead-letters.ts';
import { BundledFunction, type BundledFunctionProps } from './function.ts';

export interface EventPublisherProps extends Pick<BundledFunctionProps, 'settings' | 'surroundings' | 'environment'> {
  readonly table: TableV2;
}

/**
 * Carries every event item that is inserted into the table onto the bus: at least once, in the order of its entity (one entity's items are in one shard).
 * Where a record cannot be delivered for a day, a queue is told which it was.
 */
export class EventPublisher extends Construct {
  readonly deadLetters: Queue;
  readonly function: BundledFunction;

  constructor(scope: Construct, id: string, { table, ...props }: EventPublisherProps) {
    super(scope, id);
    this.deadLetters = deadLetters(this, 'UnpublishedEvents', props.settings);
    this.function = new BundledFunction(this, 'PublishEvents', {
      ...props,
      description: 'Carries the events of the table’s stream onto the bus, and counts them.',
      timeout: Duration.minutes(1),
    });
    const inserted = FilterRule.isEqual('INSERT');
    const events = { Keys: { sk: { S: FilterRule.beginsWith('event#') } } };
    this.function.function.addEventSource(
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
